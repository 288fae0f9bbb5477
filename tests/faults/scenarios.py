"""The fault scenarios by number: what happens, and which tests prove that nothing is lost or doubled by it.

A record's compare-and-set stands where others have an epoch and a high-water mark. Numbers that are not here belong to
the calendar (``tests/schedules``) and the worker (``tests/worker``).
"""

from typing import NamedTuple

ALL = "sqlite, postgresql, redis"
SERVERS = "postgresql, redis"

_OF = "tests/faults/test_{}.py::test_"
CLOCKS, EDITS, FAIL, LATENCY = (_OF.format(each) for each in ("clocks", "edits", "failpoints", "latency"))
LEASES, NEMESIS, OUTAGES = (_OF.format(each) for each in ("leases", "nemesis", "outages"))
POSTGRES, REFUSALS, ROLLBACK = (_OF.format(each) for each in ("postgres", "refusals", "rollback"))
RECORDS = "tests/conformance/test_records.py::test_"
DEFINITIONS = "tests/conformance/test_definitions.py::test_"
MODEL = "tests/scheduler/test_protocol_model.py::test_no_fire_is_lost_doubled_or_stale_whatever_happens"

_ONE = FAIL + "a_scheduler_killed_at_a_point_of_a_step_of_one_item_neither_loses_nor_doubles"
_THOUSAND = FAIL + "a_scheduler_killed_at_a_point_of_a_step_of_a_thousand_items_neither_loses_nor_doubles"


class Scenario(NamedTuple):
    """``tests``: where it is proven, as FILE::NAME; ``on``: with which drivers, or why there is nothing to prove."""

    what: str
    on: str
    tests: tuple[str, ...] = ()


SCENARIOS = {
    1: Scenario("killed before it is worked out what is due", ALL, (_ONE, _THOUSAND)),
    2: Scenario("killed with the step ready and not sent", ALL, (_ONE, _THOUSAND)),
    3: Scenario(
        "killed, or cut off, in the middle of the request",
        ALL,
        (_ONE, _THOUSAND, OUTAGES + "a_request_that_is_cut_in_the_middle_is_made_again_whole"),
    ),
    4: Scenario("killed with the step stored and not answered", ALL, (_ONE, _THOUSAND)),
    5: Scenario("killed with the step answered and not taken in", ALL, (_ONE, _THOUSAND)),
    6: Scenario(
        "killed again and again at any moment",
        ALL,
        (NEMESIS + "three_schedulers_lose_and_double_nothing_whatever_befalls_them_and_their_store", MODEL),
    ),
    7: Scenario(
        "told to end in the middle of a step",
        ALL,
        (FAIL + "a_scheduler_told_to_end_in_a_step_finishes_it_and_hands_over_at_once",),
    ),
    8: Scenario(
        "three are restarted in turn while the clock strikes the hour",
        ALL,
        (LEASES + "a_rolling_deploy_over_the_full_hour_fires_its_set_once_and_within_two_seconds",),
    ),
    9: Scenario(
        "nobody schedules at the moment that is due",
        ALL,
        (LEASES + "a_fire_due_while_nobody_schedules_is_emitted_on_take_over",),
    ),
    10: Scenario(
        "stopped past its lease in the middle of a step, and then goes on",
        ALL,
        (
            FAIL + "a_scheduler_stopped_past_its_lease_in_a_step_sends_nothing_when_it_goes_on",
            POSTGRES + "a_scheduler_stopped_in_mid_step_does_not_hold_up_the_others",
        ),
    ),
    11: Scenario(
        "stalls for less than anybody notices", ALL, (LEASES + "one_that_stalls_within_its_lease_is_late_and_says_so",)
    ),
    12: Scenario("two go by the same name", ALL, (LEASES + "two_with_one_name_for_themselves_emit_once",)),
    13: Scenario(
        "two leaders, as the lease was deleted by hand",
        ALL,
        (LEASES + "leases_deleted_by_hand_double_and_lose_nothing",),
    ),
    14: Scenario(
        "all are away for ten minutes, for three days",
        ALL,
        (LEASES + "after_all_were_away_each_entry_is_caught_up_by_its_policy_in_order",),
    ),
    15: Scenario(
        "from one scheduler to three and back",
        ALL,
        (LEASES + "the_schedule_passes_from_one_to_three_and_back_without_a_gap",),
    ),
    16: Scenario(
        "fifty start at once", "sqlite, redis", (LEASES + "fifty_that_start_at_once_share_the_work_and_fire_soon",)
    ),
    17: Scenario(
        "the store is away for a minute", ALL, (OUTAGES + "after_a_minute_away_everything_due_is_emitted_in_order",)
    ),
    18: Scenario(
        "the store is away for ten minutes",
        ALL,
        (OUTAGES + "after_ten_minutes_away_what_is_on_time_does_not_wait_for_what_is_late",),
    ),
    19: Scenario(
        "the store is away for an hour, and half of that is forgiven",
        ALL,
        (OUTAGES + "after_an_hour_away_what_is_older_than_grace_is_on_record_and_the_rest_emitted",),
    ),
    20: Scenario(
        "the server accepts and never answers",
        SERVERS,
        (
            OUTAGES + "a_mute_server_holds_no_lease_hostage_and_what_it_gets_late_doubles_nothing",
            OUTAGES + "a_half_open_connection_is_given_up_and_nothing_is_lost",
        ),
    ),
    21: Scenario(
        "half a second for each request",
        SERVERS,
        (LATENCY + "a_store_that_takes_half_a_second_is_carried_by_batches_and_loses_no_lease",),
    ),
    22: Scenario(
        "no memory, no disk", ALL, (REFUSALS + "a_full_store_takes_nothing_by_halves_and_goes_on_when_there_is_room",)
    ),
    23: Scenario(
        "fail-over to a replica that lagged",
        ALL,
        (
            ROLLBACK + "what_a_store_lost_of_the_last_seconds_is_emitted_again_under_the_same_ids",
            ROLLBACK + "a_store_that_went_back_further_fires_nothing_until_an_operator_says_how",
            MODEL,
        ),
    ),
    24: Scenario(
        "the primary on the smaller side of a partition",
        "redis: PostgreSQL has one primary",
        (REFUSALS + "a_server_that_may_not_be_written_to_gets_nothing_and_is_used_again",),
    ),
    25: Scenario(
        "the server is restarted without its last second",
        ALL,
        (
            ROLLBACK + "what_a_store_lost_of_the_last_seconds_is_emitted_again_under_the_same_ids",
            POSTGRES + "a_server_killed_in_mid_step_comes_back_with_all_or_nothing_of_each_step",
            "tests/rediskit/test_server.py::test_a_server_killed_and_started_again_has_what_it_answered_for",
        ),
    ),
    26: Scenario(
        "emptied by hand, or its records evicted",
        ALL,
        (
            ROLLBACK + "a_state_that_was_emptied_by_hand_is_told_and_nothing_fires_on_it",
            ROLLBACK + "records_that_are_gone_are_not_taken_for_new_entries",
            "tests/scheduler/test_lost_versions.py::test_an_entry_of_which_every_version_was_lost_comes_back_with_the_sources",
            "tests/faults/test_redis.py::test_a_server_emptied_by_hand_is_told_and_nothing_fires_on_it",
            "tests/rediskit/test_server.py::test_a_server_that_begins_to_evict_is_noticed_within_a_minute",
        ),
    ),
    31: Scenario(
        "the store is away while messages could be sent",
        f"{ALL}; messages and records lie in one store, so nothing is sent without it",
        (
            OUTAGES + "after_an_hour_away_what_is_older_than_grace_is_on_record_and_the_rest_emitted",
            "tests/scheduler/test_engine.py::test_a_scheduler_that_cannot_renew_lets_go_after_one_ttl",
        ),
    ),
    32: Scenario(
        "the store is read-only",
        ALL,
        (
            REFUSALS + "a_server_that_may_not_be_written_to_gets_nothing_and_is_used_again",
            POSTGRES + "a_server_made_read_only_is_an_outage_that_passes",
            "tests/sqlkit/test_sqlite.py::test_a_file_that_may_not_be_written_is_named",
        ),
    ),
    33: Scenario(
        "an older copy of the database is put back",
        ALL,
        (ROLLBACK + "a_store_that_went_back_further_fires_nothing_until_an_operator_says_how", MODEL),
    ),
    34: Scenario(
        "the connection dies at the commit",
        f"{SERVERS}; SQLite has no connection to lose",
        (
            OUTAGES + "a_reply_that_is_lost_leaves_it_to_the_records_what_was_stored",
            "tests/rediskit/test_scripts.py::test_a_step_whose_answer_was_lost_is_not_carried_out_twice",
        ),
    ),
    35: Scenario(
        "serialization failure, deadlock",
        "postgresql: the others have one writer at a time",
        (
            REFUSALS + "a_step_that_lost_to_other_transactions_is_made_again_with_the_same_ids",
            "tests/conformance/test_crowd.py::test_schedulers_workers_senders_and_pruning_never_deadlock",
        ),
    ),
    36: Scenario(
        "the disk takes five seconds for a lease",
        ALL,
        (LEASES + "a_slow_answer_to_a_renewal_makes_no_lease_longer",),
    ),
    37: Scenario(
        "a scheduler cannot reach the leases",
        f"{SERVERS}; they lie in the store of the records",
        (
            OUTAGES + "a_mute_server_holds_no_lease_hostage_and_what_it_gets_late_doubles_nothing",
            "tests/scheduler/test_engine.py::test_a_scheduler_that_cannot_renew_lets_go_after_one_ttl",
        ),
    ),
    38: Scenario(
        "a scheduler cannot reach the broker, and another one can",
        SERVERS,
        (OUTAGES + "a_mute_server_holds_no_lease_hostage_and_what_it_gets_late_doubles_nothing",),
    ),
    39: Scenario(
        "connections break, answers come late, one way only",
        SERVERS,
        (LATENCY + "connections_that_break_and_answers_that_come_late_let_no_lease_flap",),
    ),
    40: Scenario(
        "the leases are lost and the records are not",
        ALL,
        (LEASES + "leases_deleted_by_hand_double_and_lose_nothing",),
    ),
    41: Scenario("an hour ahead", ALL, (CLOCKS + "an_hour_ahead_fires_nothing_for_a_minute_and_then_by_policy", MODEL)),
    42: Scenario("an hour back", ALL, (CLOCKS + "an_hour_back_fires_nothing_again_and_says_until_when", MODEL)),
    43: Scenario("slewed by 500 ppm", ALL, (CLOCKS + "a_slewed_clock_makes_no_fire_a_second_late",)),
    44: Scenario(
        "schedulers half a minute apart",
        SERVERS,
        (
            CLOCKS + "a_host_whose_clock_is_off_stands_by_and_another_takes_over",
            "tests/rediskit/test_server.py::test_the_clock_is_the_servers",
            "tests/sqlkit/test_postgres.py::test_the_clock_is_the_servers_also_within_a_transaction",
        ),
    ),
    45: Scenario("1970 or 2039 at boot", ALL, (CLOCKS + "a_clock_that_cannot_be_right_is_refused_at_start",)),
    46: Scenario(
        "suspended for two hours", ALL, (CLOCKS + "a_machine_that_was_suspended_asks_for_its_lease_before_it_fires",)
    ),
    47: Scenario(
        "paused for three seconds", ALL, (CLOCKS + "a_machine_that_was_suspended_asks_for_its_lease_before_it_fires",)
    ),
    48: Scenario(
        "a leap second, repeated or smeared",
        ALL,
        (
            CLOCKS + "a_leap_second_that_repeats_fires_each_second_once",
            CLOCKS + "a_slewed_clock_makes_no_fire_a_second_late",
        ),
    ),
    56: Scenario(
        "a file that does not parse",
        ALL,
        (
            EDITS + "a_file_that_does_not_parse_leaves_the_set_as_it_was",
            "tests/journeys/test_edits.py::test_a_broken_edit_keeps_the_old_set_running_until_it_is_mended",
            "tests/cli/test_check.py::test_what_is_wrong_is_told_with_its_place",
        ),
    ),
    57: Scenario(
        "an edit while fires are due",
        ALL,
        (EDITS + "an_edit_begins_at_its_moment_and_leaves_to_the_former_version_what_was_due", MODEL),
    ),
    58: Scenario(
        "poisonous entries",
        ALL,
        (
            EDITS + "poisonous_entries_are_left_out_with_the_reason_and_all_others_fire_on_time",
            RECORDS + "a_message_too_large_refuses_its_item_alone",
        ),
    ),
    59: Scenario(
        "a crowd due at one instant",
        f"{ALL}; a million is measured by benchmarks/million.py",
        (EDITS + "ten_thousand_due_at_one_instant_are_emitted_once_and_soon",),
    ),
    60: Scenario(
        "two operators change the same",
        ALL,
        (
            EDITS + "of_two_files_the_older_one_is_refused_and_nothing_of_the_newer_is_lost",
            DEFINITIONS + "a_stale_set_is_refused_while_a_later_one_is_carried",
            "tests/rediskit/test_scripts.py::test_of_schedulers_that_apply_at_once_each_set_is_whole",
            "tests/cli/test_entries.py::test_a_second_pause_keeps_the_note",
        ),
    ),
    61: Scenario(
        "paused, edited, removed between a fire and its eta",
        ALL,
        (EDITS + "what_happens_between_a_fire_and_its_eta_leaves_the_message_that_was_sent",),
    ),
    62: Scenario(
        "removed and made again",
        ALL,
        (
            EDITS + "a_name_that_was_removed_and_comes_back_has_other_ids",
            DEFINITIONS + "a_name_that_comes_back_is_added_again",
        ),
    ),
    63: Scenario(
        "states of former and of later versions",
        ALL,
        (
            "tests/migrations/test_migrate.py::test_the_first_schema_is_migrated_at_first_use_with_what_is_in_it",
            "tests/migrations/test_migrate.py::test_a_newer_schema_is_refused",
            "tests/rediskit/test_server.py::test_a_state_of_a_newer_format_is_refused_naming_both",
            "tests/scheduler/test_engine.py::test_a_definition_of_newer_code_is_left_alone_and_said_and_the_others_fire",
            "tests/core/test_identity.py::test_the_id_of_a_fire_is_pinned",
        ),
    ),
}
