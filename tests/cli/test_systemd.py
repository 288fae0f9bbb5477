import shutil
import subprocess

import pytest

from beatd.cli.units import Place, scheduler_unit, worker_unit

ANALYZE = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not on this machine")


def test_the_units_in_deploy_are_those_that_the_command_prints(root):
    folder = root / "deploy" / "systemd"
    assert (folder / "beatd.service").read_text() == scheduler_unit(Place())
    assert (folder / "beatd-worker@.service").read_text() == worker_unit(Place())


def test_the_paths_are_those_of_this_installation(run, write, tmp_path):
    write("beatd.toml", "")
    out = run("systemd", "--user", "shop", "-A", "tasks").out
    assert f"run --schedule {tmp_path}/beatd.toml -A tasks\n" in out
    assert f"worker --name %i@%H --schedule {tmp_path}/beatd.toml -A tasks\n" in out
    assert f"WorkingDirectory={tmp_path}\n" in out
    assert "User=shop\n" in out


def test_the_units_can_be_written_to_a_folder(run, tmp_path):
    (tmp_path / "units").mkdir()
    ended = run("systemd", "--output", "units")
    assert ended.out.splitlines()[:2] == ["wrote units/beatd.service", "wrote units/beatd-worker@.service"]
    assert "Type=notify" in (tmp_path / "units" / "beatd.service").read_text()
    ended = run("systemd", "--output", "absent")
    assert (ended.code, ended.err) == (
        1,
        "error: absent/beatd.service: cannot be written: No such file or directory\n",
    )


def test_what_systemd_would_read_otherwise_is_escaped():
    unit = scheduler_unit(Place(schedules=("/srv/50% off/$x.toml",)))
    assert 'run --schedule "/srv/50%% off/$$x.toml"\n' in unit


def test_a_home_folder_stays_in_sight():
    assert "ProtectHome=read-only\n" in scheduler_unit(Place(folder="/home/ann/shop"))
    assert "ProtectHome=yes\n" in scheduler_unit(Place())


@needs_systemd
def test_systemd_accepts_the_units_and_finds_them_hardened(tmp_path):
    place = Place(executable="/bin/true", folder="/")
    files = {"beatd.service": scheduler_unit(place), "beatd-worker@.service": worker_unit(place)}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    verified = subprocess.run([ANALYZE, "verify", *files], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (verified.returncode, verified.stderr) == (0, "")
    (tmp_path / "beatd-worker@1.service").write_text(files["beatd-worker@.service"])
    for name in ("beatd.service", "beatd-worker@1.service"):
        judged = subprocess.run(
            [ANALYZE, "security", "--offline=true", "--threshold=30", name],
            cwd=tmp_path,
            capture_output=True,
            check=False,
        )
        assert judged.returncode == 0, judged.stdout


def test_settings_of_the_command_line_are_passed_on(run, write, tmp_path):
    write("beatd.toml", "")
    out = run("systemd", "--namespace", "shop", "--app-dir", "src").out
    assert f"--namespace shop --app-dir {tmp_path}/src\n" in out
    assert 'ExecStart="/opt/my beatd/beatd" run' in scheduler_unit(Place(executable="/opt/my beatd/beatd"))


def test_an_impossible_user_is_wrong_usage(run):
    assert run("systemd", "--user", "a b").code == 2


SECRET = "postgresql://ann:s3cret@db/shop"


def test_a_table_is_passed_on_as_a_source(run, write, tmp_path):
    write("beatd.toml", "")
    out = run("systemd", "--schedule", "beatd.toml", "--schedule", "postgresql://ann@db/shop").out
    assert f"run --schedule {tmp_path}/beatd.toml --schedule postgresql://ann@db/shop\n" in out


def test_a_password_of_the_command_line_stays_out_of_the_units(run, write, tmp_path):
    write("beatd.toml", "")
    ended = run("systemd", "--schedule", "beatd.toml", "--schedule", SECRET, "--broker", SECRET)
    assert "s3cret" not in ended.out + ended.err
    assert ended.out.count("/bin/beatd run\n") == 1
    assert f"BEATD_SCHEDULE={tmp_path}/beatd.toml,postgresql://ann:***@db/shop" in ended.err
    assert "BEATD_BROKER=postgresql://ann:***@db/shop" in ended.err


def test_a_password_from_elsewhere_stays_there(run, write):
    write("secret", SECRET)
    write("beatd.toml", '[beatd]\nschedule = ["beatd.toml", { file = "secret" }]\n')
    ended = run("systemd")
    assert "s3cret" not in ended.out + ended.err
    assert "--schedule" not in ended.out
    assert ended.err == ""
    ended = run("systemd", env={"BEATD_SCHEDULE": SECRET})
    assert "s3cret" not in ended.out + ended.err
    assert "--schedule" not in ended.out
    assert "BEATD_SCHEDULE=postgresql://ann:***@db/shop" in ended.err
