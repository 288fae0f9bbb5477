"""docs/schedules.md: what it shows is what happens."""

import re
from pathlib import Path

import pytest

from beatd.errors import InvalidScheduleError
from beatd.schedules import Terms, parse
from beatd.schedules.english import Subject, sentence
from beatd.stores.toml import TomlSource
from tests.cli.in_process import Beatd
from tests.schedules.test_known_differences import DIFFERENCES

TEXT = (Path(__file__).parents[2] / "docs" / "schedules.md").read_text()
NAMED = Terms(name="x")


def blocks(language):
    """Return the fenced blocks of a language, each with the last ``# beatd.toml`` block before it."""
    found, toml = [], ""
    for kind, body in re.findall(r"^```(\w*)\n(.*?)^```$", TEXT, flags=re.DOTALL | re.MULTILINE):
        if kind == "toml":
            toml = body
        if kind == language:
            found.append((body, toml))
    return found


def commands():
    for body, toml in blocks("console"):
        for command in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
            line, _, output = command.partition("\n")
            yield pytest.param(line, output.rstrip("\n") + "\n", toml, id=line)


def rows(*columns):
    """Return the rows of every table with these columns; the first cell without its backquotes."""
    head = "| " + " | ".join(columns) + " |\n"
    found = []
    for table in TEXT.split(head)[1:]:
        lines = table.partition("\n\n")[0].splitlines()[1:]
        cells = [re.split(r"(?<!\\) \| ", line.removeprefix("| ").removesuffix(" |")) for line in lines]
        found += [(first.strip("`").replace("\\|", "|"), *others) for first, *others in cells]
    return found


@pytest.mark.parametrize(("line", "output", "toml"), list(commands()))
def test_each_command_prints_what_is_shown(line, output, toml, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    if toml:
        (tmp_path / "beatd.toml").write_text(toml)
    assert line.startswith("beatd ")
    said = Beatd(capsys, monkeypatch)(line.removeprefix("beatd "))
    assert said.out + said.err == output


@pytest.mark.parametrize(("text", "says"), rows("schedule", "what `explain` says"))
def test_each_schedule_of_a_table_means_what_stands_beside_it(text, says):
    assert sentence(Subject(text=str(parse(text, NAMED)), terms=NAMED)) == says


@pytest.mark.parametrize(("text", "answer"), rows("text", "the answer"))
def test_each_text_that_is_refused_gets_the_answer_beside_it(text, answer):
    with pytest.raises(InvalidScheduleError) as refused:
        parse(text, NAMED)
    assert answer in str(refused.value)


def test_each_difference_is_one_of_those_that_are_tested():
    columns = ("text", "beatd", "croniter 7", "cronsim 2.8", "why")
    known = {text: (mine, other, third, why) for text, why, mine, other, third in DIFFERENCES}
    shown = rows(*columns)
    assert shown
    assert [row for row in shown if known.get(row[0], ())[:3] != row[1:4]] == []


@pytest.mark.parametrize(("body", "_"), blocks("toml"))
def test_each_file_is_read_without_complaint(body, _, tmp_path):
    (tmp_path / "beatd.toml").write_text(body)
    drafts, wrong = TomlSource(tmp_path / "beatd.toml").survey()
    assert wrong == []
    assert drafts
    assert [draft.error for draft in drafts if draft.error] == []


@pytest.mark.parametrize(("body", "_"), blocks("python"))
def test_each_program_runs(body, _):
    exec(compile(body, "docs/schedules.md", "exec"), {})


def test_no_kind_of_example_has_been_lost():
    assert len(blocks("console")) >= 12
    assert len(rows("schedule", "what `explain` says")) >= 30
    assert len(rows("text", "the answer")) >= 8
    assert blocks("toml")
    assert blocks("python")


ITEMS = [text for first, *_ in rows("item", "in", "means") for text in first.replace("`", "").split(", ")]


@pytest.mark.parametrize("item", ITEMS)
def test_each_item_is_taken_by_a_field(item):
    taken = []
    for template in ("{} * * * *", "0 {} * * *", "0 0 {} * *", "0 0 * {} *", "0 0 * * {}"):
        try:
            parse(template.format(item), NAMED)
        except InvalidScheduleError:
            continue
        taken.append(template)
    assert taken
