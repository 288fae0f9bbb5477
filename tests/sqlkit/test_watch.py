"""Waiting for a file to be written."""

import sys

import pytest

from beatd.sqlkit.watch import Watch

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")


def test_a_write_is_noticed_once(tmp_path):
    path = tmp_path / "wal"
    path.write_bytes(b"")
    watch = Watch(path)
    assert watch.works
    assert not watch.wait(0.01)
    path.write_bytes(b"x")
    assert watch.wait(5)
    assert not watch.wait(0)
    watch.close()
    assert not watch.wait(5)


def test_a_deleted_file_needs_another_watch(tmp_path):
    path = tmp_path / "wal"
    path.write_bytes(b"")
    watch = Watch(path)
    path.unlink()
    assert watch.wait(5)
    assert (watch.gone, watch.works) == (True, False)


def test_what_cannot_be_watched_is_said(tmp_path):
    watch = Watch(tmp_path / "absent")
    assert (watch.works, watch.gone, watch.wait(1)) == (False, False, False)
