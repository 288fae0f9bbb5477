"""Two `beatd run` on one database."""

from collections import Counter

ONE = """
[beatd]
allow_shell = ["echo *"]
[schedules.a]
schedule = "every 500ms"
task = "beatd.shell"
args = [["echo", "hello"]]
"""
ANOTHER = ONE.replace("schedules.a", "schedules.z")


def test_a_second_run_stands_by_fires_nothing_twice_and_takes_over(desk) -> None:
    desk.write("beatd.toml", ONE)
    first = desk.start("run", "--workers", "1")
    first.says("holding the schedule")
    first.says("action=fired")
    second = desk.start("run", "--workers", "1")
    second.says("standing by: another scheduler holds the schedule")
    assert first.stop() == 0
    second.says("holding the schedule")
    second.says("action=fired")
    assert second.stop() == 0
    fires = Counter(run["fire_time"] for run in desk.runs("--entry", "a"))
    assert set(fires.values()) == {1}
    assert first.said().count("action=fired") + second.said().count("action=fired") == len(fires)


def test_another_projects_files_on_one_namespace_are_refused_with_the_remedy(desk) -> None:
    desk.write("beatd.toml", ONE)
    first = desk.start("run", "--workers", "1")
    first.says("action=fired")
    desk.write("other.toml", ANOTHER)
    refused = desk.beatd("run", "--schedule", "other.toml")
    assert refused.returncode == 1
    assert "another project's?" in refused.stderr
    assert "--replace-set" in refused.stderr
    assert "Traceback" not in refused.stderr
    # Its worker never began: it would not know the tasks of the other.
    assert "worker" not in refused.stderr
    assert first.stop() == 0


def test_the_commands_of_people_work_beside_a_run_and_without_the_file(desk, until) -> None:
    desk.write("beatd.toml", ONE)
    started = desk.start("run", "--workers", "1")
    started.says("action=done")
    (desk.folder / "beatd.toml").rename(desk.folder / "elsewhere.toml")
    assert desk.beatd("pause", "a", "--note", "shop closed").returncode == 0
    fired = [run for run in desk.runs("--entry", "a") if run["message_id"]]
    until(lambda: "shop closed" in desk.beatd("show", "a").stdout)
    assert desk.beatd("resume", "a").returncode == 0
    until(lambda: len([run for run in desk.runs("--entry", "a") if run["message_id"]]) > len(fired) + 2)
    assert any(run["state"] == "paused" for run in desk.runs("--entry", "a"))
    assert desk.beatd("trigger", "a").returncode == 0
    assert started.stop() == 0


def test_replace_set_makes_these_files_the_set(desk) -> None:
    desk.write("beatd.toml", ONE)
    first = desk.start("run", "--workers", "1")
    first.says("action=fired")
    assert first.stop() == 0
    desk.write("other.toml", ANOTHER)
    second = desk.start("run", "--workers", "1", "--schedule", "other.toml", "--replace-set", "--catch-up")
    second.says("entry removed: a")
    second.says("action=fired entry=z")
    assert second.stop() == 0


def test_strict_refuses_to_start_with_a_bad_entry(desk) -> None:
    desk.write("beatd.toml", ONE + '[schedules.b]\nschedule = "every monday"\ntask = "beatd.shell"\n')
    refused = desk.beatd("run", "--strict", "--no-worker")
    assert refused.returncode == 1
    assert "every monday" in refused.stderr
    assert "Traceback" not in refused.stderr
    started = desk.start("run", "--no-worker")
    started.says("entry quarantined")
    started.says("action=fired entry=a")
    assert started.stop() == 0
