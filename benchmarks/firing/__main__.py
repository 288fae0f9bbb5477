"""``python -m benchmarks.firing Redis``: one store alone (Redis, PostgreSQL, SQLite), or ``beats``."""

import os
import sys

from benchmarks.firing.report import report

ROUNDS = 3

report(ROUNDS, scale=float(os.environ.get("BENCH_SCALE", "1")), only=sys.argv[1] if len(sys.argv) > 1 else "")
