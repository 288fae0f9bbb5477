"""Where a database file lies, and what the user reads when it may not lie there."""

from pathlib import Path

import pytest

from beatd.errors import StoreError
from beatd.sqlkit.place import network_file_system, sqlite_path

MOUNTS = r"""22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
31 22 0:40 / /mnt/share rw,relatime shared:1 - nfs4 server:/export rw
32 22 0:41 / /mnt/with\040space rw - cifs //server/share rw
33 31 0:42 / /mnt/share/local rw - xfs /dev/vdb rw
34 22 0:43 / /home rw - ext4 /dev/vdc rw
35 22 0:44 / /home rw - fuse.sshfs host: rw
garbage
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/beatd.db", None),
        ("/mnt/share/beatd.db", "nfs4"),
        ("/mnt/shared/beatd.db", None),
        ("/mnt/with space/x/beatd.db", "cifs"),
        ("/mnt/share/local/beatd.db", None),
        ("/home/ana/beatd.db", "fuse.sshfs"),
    ],
)
def test_the_innermost_and_latest_mount_decides(path, kind):
    assert network_file_system(Path(path), MOUNTS) == kind


def test_a_relative_path_counts_from_the_state_directory(monkeypatch, tmp_path):
    monkeypatch.setenv("STATE_DIRECTORY", f"{tmp_path}:/elsewhere")
    assert sqlite_path("sqlite:///beatd.db") == tmp_path / "beatd.db"
    assert sqlite_path("sqlite:////abs/beatd.db") == Path("/abs/beatd.db")


def test_a_relative_path_counts_from_here_without_one(monkeypatch, tmp_path):
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.chdir(tmp_path)
    assert sqlite_path("sqlite:///data/beatd.db") == tmp_path / "data/beatd.db"


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:///x.db?mode=ro", "x.db"])
def test_a_url_without_a_file_is_refused(url):
    with pytest.raises(StoreError, match=r"names no database file; write sqlite:///beatd.db"):
        sqlite_path(url)
