"""How long a task waits before it is run again."""

from beatd.core.registry import TaskOptions


def backoff(options: TaskOptions, retries: int, draw: float) -> float:
    """Return the seconds to wait before retry number ``retries + 1``; ``draw`` in [0, 1) decides the jitter."""
    first, most = max(0.0, options.retry_backoff), max(0.0, options.retry_backoff_max)
    # 2.0**1024 overflows; long before that any wait has met its cap.
    wait = min(most, first * 2.0 ** min(max(0, retries), 64))
    return wait / 2 + draw * wait / 2 if options.retry_jitter else wait
