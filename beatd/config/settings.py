"""The settings of beatd, one typed value; each knows where it came from."""

from collections.abc import Mapping
from dataclasses import dataclass, field

SECOND = 1_000_000
DAY = 86_400 * SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every ``[beatd]`` key. Durations are integer microseconds, sizes bytes.

    ``origins`` tells for each key where its value came from ("command line", "BEATD_BROKER", "prod.toml:3",
    "App(...)", "default"). URLs may hold passwords: print them through ``beatd.core.urls.masked`` only.
    """

    schedule: tuple[str, ...] = ()
    app: tuple[str, ...] = ()
    broker: str = "sqlite:///beatd.db"
    results: str | None = None
    state: str | None = None
    namespace: str = "beatd"
    timezone: str = "UTC"
    queue: str = "celery"
    queues: tuple[str, ...] = ()
    workers: int | None = None
    max_tasks_per_child: int | None = None
    max_memory_per_child: int | None = None
    autoscale: tuple[int, int] | None = None
    consumers: str = "beatd"
    pool: str = "prefork"
    max_deliveries: int = 5
    drain_timeout: int = 25 * SECOND
    late_after: int = 60 * SECOND
    catch_up_rate: int = 1000
    max_clock_skew: int = 30 * SECOND
    history: str = "all"
    history_keep: int = 7 * DAY
    history_max: int = 1_000_000
    result_expires: int = DAY
    accept: tuple[str, ...] = ("json",)
    allow_shell: tuple[str, ...] = ()
    allow_http: tuple[str, ...] = ()
    log_level: str = "info"
    log_format: str = "auto"
    app_dir: str = "."
    origins: Mapping[str, str] = field(default_factory=dict)
