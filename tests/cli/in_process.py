"""The command line run in this process: as the console script does it, but quicker."""

import json
import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from beatd.cli import main


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        (line,) = self.out.splitlines()
        return json.loads(line)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


class Beatd:
    """Calls `beatd WORD...`; one text is split as a shell splits it."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys = capsys
        self._monkeypatch = monkeypatch

    def __call__(self, *words: str) -> Said:
        self._capsys.readouterr()
        given = shlex.split(words[0]) if len(words) == 1 else words
        self._monkeypatch.setattr(sys, "argv", ["beatd", *given])
        with pytest.raises(SystemExit) as ended:
            main()
        said = self._capsys.readouterr()
        assert "Traceback" not in said.err
        return Said(int(ended.value.code or 0), said.out, said.err)


def in_empty_folder(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, folder: Path) -> Beatd:
    """Return the command line as it is there, on a wide terminal and with no setting of the environment's."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "200")
    for name in [name for name in os.environ if name.startswith("BEATD_")]:
        monkeypatch.delenv(name)
    return Beatd(capsys, monkeypatch)
