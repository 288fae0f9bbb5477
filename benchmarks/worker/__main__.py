"""``python -m benchmarks.worker [throughput|sending|start|memory|delayed|fairness]``: some parts alone."""

import os
import sys

from benchmarks.worker.report import PARTS, report

unknown = [word for word in sys.argv[1:] if word not in PARTS]
if unknown:
    sys.exit(f"{unknown[0]!r} is no part; there are {', '.join(PARTS)}")
sys.exit(0 if report(scale=float(os.environ.get("BENCH_SCALE", "1")), parts=sys.argv[1:]) else 1)
