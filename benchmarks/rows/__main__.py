"""``python -m benchmarks.rows [start|edits|bulk|takeover] [PostgreSQL|SQLite]``: one part, or one table, alone."""

import os
import sys

from benchmarks.rows.report import PARTS, report
from benchmarks.rows.tables import TABLES

given = sys.argv[1:]
unknown = [word for word in given if word not in PARTS and word not in TABLES]
if unknown:
    sys.exit(f"{unknown[0]!r} is neither a part ({', '.join(PARTS)}) nor a table ({', '.join(TABLES)})")
done = report(
    scale=float(os.environ.get("BENCH_SCALE", "1")),
    parts=[word for word in given if word in PARTS],
    tables=[word for word in given if word in TABLES],
)
sys.exit(0 if done else 1)
