from time import process_time

import pytest

from beatd.app.importing.allow_shell import allow_shell_text
from beatd.app.importing.crontab import read_crontab
from beatd.app.importing.crontab_command import TIMEOUT, split_input
from beatd.app.importing.crontab_names import name_of
from beatd.core.toml_text import read_document
from beatd.errors import DefinitionError
from beatd.worker.allow import allows_command, command_line

DEBIAN = """\
# /etc/crontab: system-wide crontab
# Unlike any other crontab you don't have to run the `crontab'
# command to install the new version when you edit this file

SHELL=/bin/sh
PATH=/usr/local/sbin:/usr/local/bin:/sbin:/bin:/usr/sbin:/usr/bin

# Example of definition:
# .---------------- minute (0 - 59)
# |  .------------- hour (0 - 23)
# *  *  *  *  * user-name command to be executed
17 *\t* * *\troot\tcd / && run-parts --report /etc/cron.hourly
25 6\t* * *\troot\ttest -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.daily; }
47 6\t* * 7\troot\ttest -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.weekly; }
52 6\t1 * *\troot\ttest -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.monthly; }
#
"""


def read(text, place="/home/ann/crontab", **given):
    return read_crontab(text.encode(), place, **{"timezone": "UTC", **given})


def one(text, **given):
    (entry,) = read(text, **given).entries
    return entry


def test_the_crontab_of_debian_is_taken_over():
    found = read(DEBIAN, "/etc/crontab")
    assert [entry.name for entry in found.entries] == [
        "run-parts-cron.hourly", "run-parts-cron.daily", "run-parts-cron.weekly", "run-parts-cron.monthly",
    ]  # fmt: skip
    assert found.left_out == []
    hourly = found.entries[0]
    assert hourly.fields == {
        "schedule": "17 * * * *",
        "timezone": "UTC",
        "task": "beatd.shell",
        "kwargs": {
            "argv": ["/bin/sh", "-c", "cd / && run-parts --report /etc/cron.hourly"],
            "timeout": TIMEOUT,
            "env": {"PATH": "/usr/local/sbin:/usr/local/bin:/sbin:/bin:/usr/sbin:/usr/bin"},
        },
    }
    assert hourly.notes == ["runs as the worker's own user, not as 'root'"]


@pytest.mark.parametrize("place", ["/etc/crontab", "/etc/cron.d/backup", "/chroot/etc/cron.d/x"])
def test_a_place_of_the_system_has_a_user_before_each_command(place):
    assert one("0 5 * * * ann /opt/x", place=place).fields["kwargs"]["argv"][-1] == "/opt/x"


def test_the_option_decides_against_the_place():
    assert one("0 5 * * * ann /opt/x", place="/etc/crontab", system=False).fields["kwargs"]["argv"][-1] == "ann /opt/x"
    assert one("@daily ann /opt/x", system=True).fields["kwargs"]["argv"][-1] == "/opt/x"


def test_a_file_that_may_be_either_is_refused_until_the_option_says_which():
    with pytest.raises(DefinitionError, match=r"crontab:2: 'root' may be a user.*; say --system or --user"):
        read("# x\n0 5 * * * root /opt/x")
    assert one("0 5 * * * root /opt/x", system=True).notes != []
    assert one("0 5 * * * root /opt/x", system=False).notes == []


@pytest.mark.parametrize(
    ("lines", "shell", "env", "cwd"),
    [
        ("SHELL=/bin/bash", "/bin/bash", None, None),
        ("HOME=/srv/app", "/bin/sh", {"HOME": "/srv/app"}, "/srv/app"),
        ("NAME = value with blanks  ", "/bin/sh", {"NAME": "value with blanks"}, None),
        ('"NAME"=" kept "', "/bin/sh", {"NAME": " kept "}, None),
        ("NAME='a'b'", "/bin/sh", {"NAME": "a'b"}, None),
        ("A=1\nB=$A\nA=2", "/bin/sh", {"A": "2", "B": "$A"}, None),
        ("EMPTY=", "/bin/sh", {"EMPTY": ""}, None),
    ],
)
def test_variables_reach_the_command(lines, shell, env, cwd):
    call = one(f"{lines}\n0 5 * * * /opt/x").fields["kwargs"]
    assert call["argv"] == [shell, "-c", "/opt/x"]
    assert (call.get("env"), call.get("cwd")) == (env, cwd)


def test_a_variable_holds_for_the_lines_below_it():
    first, second = read("0 5 * * * /opt/x\nA=1\n0 6 * * * /opt/y").entries
    assert "env" not in first.fields["kwargs"]
    assert second.fields["kwargs"]["env"] == {"A": "1"}


def test_a_line_with_a_variable_in_its_command_is_no_variable():
    assert one("0 5 * * * A=1 /opt/x").fields["kwargs"]["argv"][-1] == "A=1 /opt/x"
    assert one("@daily A=1 /opt/x").fields["kwargs"]["argv"][-1] == "A=1 /opt/x"


def test_cron_tz_is_the_zone_of_the_lines_below_it_and_the_difference_is_told():
    found = read("0 1 * * * a\nCRON_TZ=Europe/Berlin\n0 2 * * * b\nCRON_TZ=UTC\n0 3 * * * c", timezone="Asia/Tokyo")
    assert [entry.fields["timezone"] for entry in found.entries] == ["Asia/Tokyo", "Europe/Berlin", "UTC"]
    assert (
        "crontab:2: CRON_TZ=Europe/Berlin is the zone of the lines below it, as in cronie; Debian's" in found.notes[0]
    )


def test_tz_is_the_commands_alone_and_that_is_told():
    found = read("TZ=Europe/Berlin\n0 1 * * * a")
    assert found.entries[0].fields["timezone"] == "UTC"
    assert found.entries[0].fields["kwargs"]["env"] == {"TZ": "Europe/Berlin"}
    assert "TZ=Europe/Berlin is set for the commands alone" in found.notes[0]


def test_below_an_unknown_zone_nothing_is_read_until_a_known_one():
    found = read("CRON_TZ=Europe/Berlni\n0 1 * * * a\nCRON_TZ=Europe/Berlin\n0 2 * * * b")
    assert [entry.name for entry in found.entries] == ["b"]
    (left,) = found.left_out
    assert left.place.endswith("crontab:2")
    assert "CRON_TZ: unknown time zone 'Europe/Berlni'; did you mean Europe/Berlin" in left.reason


def test_mail_is_left_out_and_told_unless_there_is_none():
    assert "MAILTO is left out: nothing is mailed" in read("MAILTO=ann@example.com\n0 1 * * * a").notes[0]
    assert not any("MAILTO" in note for note in read('MAILTO=""\n0 1 * * * a').notes)


def test_a_random_delay_becomes_jitter():
    assert one("RANDOM_DELAY=45\n0 1 * * * a").fields["jitter"] == "45m"
    assert "no number of minutes" in read("RANDOM_DELAY=x\n0 1 * * * a").notes[0]


def test_comments_right_above_are_the_description():
    text = "# Of the file.\n\n# Clean up\n#   what is old.\n0 1 * * * a\n0 2 * * * b\n"
    text += "# m h dom mon dow command\n0 3 * * * c\n"
    text += "# The new one.\n#0 4 * * * old\n#A=1\n0 4 * * * d\n"
    described = {entry.name: entry.fields.get("description") for entry in read(text).entries}
    assert described == {"a": "Clean up\nwhat is old.", "b": None, "c": None, "d": "The new one."}


@pytest.mark.parametrize(
    ("text", "command", "given"),
    [
        ("date +\\%F", "date +%F", None),
        ("mail ann%Dear Ann,%%see you%", "mail ann", "Dear Ann,\n\nsee you\n"),
        ("cat%50\\% off", "cat", "50% off"),
        ("a \\\\%b", "a \\\\", "b"),
        ("a%", "a", None),
        ("a\\b", "a\\b", None),
    ],
)
def test_a_percent_sign_begins_the_input_unless_it_is_escaped(text, command, given):
    assert split_input(text) == (command, given)


def test_input_is_written_to_the_command():
    import subprocess

    call = one('SHELL=/bin/bash\n0 1 * * * cat; echo $0%it\'s%"two" lines').fields["kwargs"]
    ended = subprocess.run(
        call["argv"], capture_output=True, text=True, timeout=20, check=True, stdin=subprocess.DEVNULL
    )
    assert ended.stdout == 'it\'s\n"two" lines\n/bin/bash\n'


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("/usr/local/bin/backup.sh --full", "backup.sh"),
        ("/usr/bin/python3 /app/manage.py clearsessions --verbosity 0 >/dev/null 2>&1", "manage.py-clearsessions-0"),
        ("cd /srv/app && ./bin/rake jobs:clean", "rake-jobs-clean"),
        ("test -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.daily; }", "run-parts-cron.daily"),
        ("flock -n /tmp/a.lock /opt/sync", "sync"),
        ("nice -n 19 ionice -c 3 /opt/index", "index"),
        ("timeout 5m curl -fsS https://example.com/ping", "curl-ping"),
        ("A=1 B=2 env C=3 /opt/x", "x"),
        ("[ -f /x ] && /opt/y", "y"),
        ("sleep 30; /opt/z", "z"),
        ("cd /srv", "cd-srv"),
        ("<<<", "command"),
        ("ü", "command"),
    ],
)
def test_a_name_says_what_the_command_is(command, name):
    assert name_of(command) == name


def test_names_are_unique_and_the_same_each_time():
    text = "0 1 * * * /opt/x\n0 2 * * * /opt/x\n0 2 * * * /opt/x\n0 3 * * * /bin/x -a\n0 4 * * * /opt/y"
    names = [entry.name for entry in read(text).entries]
    assert names == [entry.name for entry in read(text).entries]
    assert len(set(names)) == 5
    assert [name.split("-")[0] for name in names] == ["x", "x", "x", "x", "y"]
    assert names[0] == "x"
    # A line more elsewhere gives the others no other name.
    assert set(names) < {entry.name for entry in read(f"{text}\n0 9 * * * /opt/z").entries}


def test_what_fires_at_the_start_is_left_out_on_purpose():
    found = read("@reboot /opt/x\n@daily /opt/y")
    (left,) = found.left_out
    assert (left.place, left.what, left.wrong) == ("/home/ann/crontab:1", "@reboot /opt/x", False)


def test_a_wrong_line_is_named_with_its_text_and_the_others_are_read():
    found = read("0 1 * * * a\n61 * * * * b\n0 5 * * *\nhello\n0 2 * * * c\n@hourly\n@never x\n")
    assert [entry.name for entry in found.entries] == ["a", "c"]
    assert [(left.place.rpartition(":")[2], left.what, left.reason, left.wrong) for left in found.left_out] == [
        ("2", "61 * * * * b", "minute '61' is out of range 0-59", True),
        ("3", "0 5 * * *", "has no command", True),
        ("4", "hello", "is no line of cron: five fields and a command, a variable, or a comment", True),
        ("6", "@hourly", "has no command", True),
        ("7", "@never x", found.left_out[-1].reason, True),
    ]


def test_a_line_of_the_system_without_a_command_is_wrong():
    (left,) = read("0 5 * * * root", system=True).left_out
    assert left.reason == "has a user, but no command"


def test_a_silent_line_of_cronie_is_one_as_any_other():
    assert one("-*/15 * * * * a").fields["schedule"] == "*/15 * * * *"


def test_line_ends_of_dos_and_a_byte_order_mark_do_not_matter():
    (entry,) = read_crontab(b"\xef\xbb\xbf0 5 * * * /opt/x\r\n", "x", timezone="UTC").entries
    assert entry.fields["kwargs"]["argv"][-1] == "/opt/x"


def test_a_binary_file_is_refused_as_a_whole():
    with pytest.raises(DefinitionError, match="x:2: is no crontab: it holds a NUL byte"):
        read_crontab(b"a\n\x7fELF\0\0", "x", timezone="UTC")


def test_a_file_of_any_length_is_refused():
    with pytest.raises(DefinitionError, match="is longer than 16 MiB"):
        read_crontab(b"#" * (16 * 1024 * 1024 + 1), "x", timezone="UTC")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"0 5 * * * /opt/\xff", "is not UTF-8 text"),
        (b"0 5 * * * /opt/\x1b[2J", "holds the control character '\\x1b'"),
        (b"A=\x07\n", "holds the control character '\\x07'"),
        (b"0 5 * * * " + b"x" * 100_001, "has a command of 100001 characters"),
        (b"1" * 200_000 + b" 5 * * * a", "minute has 200000 characters"),
    ],
)
def test_a_line_that_nothing_can_keep_is_left_out(content, said):
    (left,) = read_crontab(content, "x", timezone="UTC").left_out
    assert said in left.reason
    assert len(left.what) < 100
    left.what.encode()


def test_a_hundred_thousand_lines_are_read_in_time_that_grows_with_them():
    text = "\n".join(f"{number % 60} 3 * * * /opt/x" for number in range(100_000))
    began = process_time()
    found = read(text)
    assert len({entry.name for entry in found.entries}) == 100_000
    # Ten times what it takes, so that only a walk over all for each fails here.
    assert process_time() - began < 100


def test_another_file_has_no_line_that_could_be_read():
    found = read("#!/usr/bin/python\nimport sys\n\ndef main():\n    sys.exit(1)\n")
    assert found.entries == []
    assert [left.wrong for left in found.left_out] == [True, True, True]


def test_the_setting_that_is_printed_allows_these_commands_and_no_others():
    found = read('PATH=/bin\nHOME=/srv\n0 1 * * * /opt/x "a b" $HOME \\%\n0 2 * * * /opt/x%it\'s\n')
    patterns = read_document(allow_shell_text(found).encode(), "x").data["beatd"]["allow_shell"]
    for entry in found.entries:
        call = entry.fields["kwargs"]
        assert allows_command(patterns, command_line(call["argv"], cwd=call["cwd"], env=call["env"]))
        assert not allows_command(patterns, command_line([*call["argv"], "x"], cwd=call["cwd"], env=call["env"]))
        assert not allows_command(patterns, command_line(call["argv"], cwd="/", env=call["env"]))
