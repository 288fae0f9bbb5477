import sys

from beatd.app.sources import source_roots


def test_the_folder_of_the_application_is_watched(tmp_path):
    (tmp_path / "tasks.py").write_text("raise SystemExit")
    assert source_roots(["tasks:app"], str(tmp_path)) == [str(tmp_path)]


def test_packages_and_modules_that_lie_elsewhere_are_watched_too_and_not_imported(tmp_path, monkeypatch):
    for name in ("own", "lib/shop/mails", "lib/site-packages"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("lib/shop/__init__", "lib/alone", "lib/site-packages/installed"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "lib"), str(tmp_path / "lib" / "site-packages"), *sys.path])
    found = source_roots(["shop.mails.tasks", "alone", "installed", "nowhere", "shop"], str(tmp_path / "own"))
    assert found == [str(tmp_path / name) for name in ("own", "lib/shop", "lib/alone.py")]
