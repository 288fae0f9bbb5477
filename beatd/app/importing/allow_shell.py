"""The setting that lets a worker run the commands of imported entries, and nothing else."""

import json
import shlex

from beatd.app.importing.imported import Found
from beatd.worker.allow import command_line


def allow_shell_text(found: Found) -> str:
    """Return the lines for ``beatd.toml``: one pattern for each command line, as it is."""
    patterns: dict[str, None] = {}
    for entry in found.entries:
        call = entry.fields["kwargs"]
        words = command_line(call["argv"], cwd=call.get("cwd"), env=call.get("env"))
        patterns[shlex.join(words)] = None
    lines = "".join(f"  {json.dumps(pattern, ensure_ascii=False)},\n" for pattern in patterns)
    return f"[beatd]\nallow_shell = [\n{lines}]"
