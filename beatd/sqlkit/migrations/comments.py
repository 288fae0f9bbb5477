"""What each column is for, where the tables are looked at with other tools."""

from collections.abc import Iterator

SCHEDULES = {
    "namespace": "whose entry it is: `[beatd] namespace` of the schedulers that fire it",
    "name": "unique in the namespace; 1 to 200 printable characters, case counts",
    "task": "the registered name of the task",
    "schedule": "when it fires: every 1h30m, 0 8 * * mon-fri, at 2026-12-24T18:00, ...; several joined by |",
    "exclude": "what takes fires away: rules, dates DAY..DAY, calendar NAME; several joined by |",
    "timezone": "IANA name, for crontab and at; NULL: that of the settings, else UTC",
    "args": "the arguments, a JSON array; NULL: []",
    "kwargs": "the named arguments, a JSON object; NULL: {}",
    "queue": "NULL: the queue of the settings",
    "priority": "0 to 9, higher is sooner; NULL: none",
    "headers": "more headers for the message, a JSON object of texts",
    "expires": "a duration from the fire time on; a message not begun by then is not run",
    "time_limit": "a duration; then the process is killed",
    "soft_time_limit": "a duration; then the task gets an exception",
    "enabled": "false: as if the row were not there",
    "starts_at": "the first moment that counts, ISO 8601; without an offset in the zone of the entry",
    "ends_at": "the first moment that no longer counts, ISO 8601",
    "max_runs": "so many scheduled emissions, then no more",
    "misfire": "what late fires do: latest, all, skip; NULL: latest",
    "grace": "with misfire all: how old a fire may be, a duration; NULL: 1d",
    "catch_up_limit": "with misfire all: how many at most, the newest; NULL: 1000",
    "overlap": "while the former message has not ended: allow, skip, queue_one, cancel_previous; NULL: allow",
    "overlap_timeout": "how long one that does not end is waited for, a duration; NULL: 1d",
    "pause_after_failures": "so many failures in a row pause the entry; NULL or 0: never",
    "jitter": "a delay of up to this duration, fixed for each fire time",
    "gap": "a moment that daylight saving leaves out: shift, skip; NULL: as the rule has it",
    "fold": "a moment that daylight saving repeats: first, second, both; NULL: as the rule has it",
    "business_days": "a fire on a closed day goes to the open one beside it, or is left out: next, previous, skip",
    "description": "for people",
    "tags": "a JSON array of texts, for people",
    "generation": "kept by triggers: which life of the name this is",
    "changed_at": "kept by triggers: when this version began, and its number; setting it alone makes a new version",
    "next_fire_at": "written by beatd for the eye, not read by it: when it fires next",
    "last_fire_at": "written by beatd for the eye, not read by it: when it fired last",
    "run_count": "written by beatd for the eye, not read by it: scheduled emissions of this generation",
    "error": "written by beatd: why the row cannot be used, NULL where it can",
}
CALENDARS = {
    "namespace": "whose calendar it is",
    "name": "as in exclude: calendar NAME",
    "country": "public holidays of a country, its ISO 3166 code, by the package holidays",
    "region": "a part of the country, its ISO 3166-2 code",
    "closed": 'days closed each week, a JSON array: ["sat", "sun"]',
    "dates": 'days closed, a JSON array of days and ranges: ["2026-12-24", "2026-12-27..2026-12-31"]',
    "open": "days open all the same, a JSON array as in dates",
    "description": "for people",
    "changed_at": "kept by triggers: when this version began",
}


def statements() -> Iterator[str]:
    """Yield the statements that write them, for PostgreSQL."""
    for table, comments in (("beatd_schedules", SCHEDULES), ("beatd_calendars", CALENDARS)):
        for column, told in comments.items():
            quoted = told.replace("'", "''")
            yield f"COMMENT ON COLUMN {table}.{column} IS '{quoted}'"
