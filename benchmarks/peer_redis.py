"""The Redis that peers are measured on, and the prefix of this measurement's keys.

REDIS_BENCH_URL names another one than the local one. What is started takes BENCH_RUN from its parent, so that several
measurements at a time have keys of their own.
"""

import os

URL = os.environ.get("REDIS_BENCH_URL", "redis://127.0.0.1:6379/13")
RUN = os.environ.setdefault("BENCH_RUN", str(os.getpid()))
PREFIX = f"beatd-bench:{RUN}:"
