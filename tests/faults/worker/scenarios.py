"""The worker's fault scenarios by number: what happens, and which tests prove that nothing is lost or run needlessly.

Every message ends as done, dead, revoked or expired; a run that nobody asked for is one that a kill explains. What is
missing belongs to what is not built: 20 and 21 (Sentinel, Cluster), 28 (RabbitMQ), 46 and 47 (chains, groups), 56
(broadcast), 57 (Windows, macOS), 58 (sending with the user's commit).
"""

from tests.faults.scenarios import Scenario

ALL = "sqlite, postgresql, redis"
ONE = "whatever the driver: shown on sqlite"

_WORKER, _SHARED = "tests/worker/test_{}.py::test_", "tests/conformance/test_{}.py::test_"
ATTACK = "tests/faults/worker/test_attack.py::test_every_message_ends_once_whatever_befalls_workers_and_their_broker"
SCENES, WORKS = "tests/faults/worker/test_scenes.py::test_", "tests/faults/worker/test_works.py::test_"
BODIES, CONTAINED, INPROCESS = (_WORKER.format(each) for each in ("bodies", "contained", "inprocess"))
RUNNER, SCALE, TEMPLATE = (_WORKER.format(each) for each in ("runner", "scale", "template"))
STUCK, SUPERVISOR, UNHEEDING, WEAR = (_WORKER.format(each) for each in ("stuck", "supervisor", "unheeding", "wear"))
RATES, RECEIVER, SENDER, UNIQUE = (_SHARED.format(each) for each in ("rates", "receiver", "sender", "unique"))
CLOCK, RESULT, TASKS = _SHARED.format("set_clock"), "tests/app/test_result.py::test_", "tests/app/test_calls.py::test_"

_POINT = SCENES + "a_child_killed_at_a_point_of_a_messages_life_costs_one_more_run_at_most"
_TAKEN = WORKS + "a_worker_that_is_killed_takes_its_children_along_and_another_runs_what_they_held"

SCENARIOS = {
    1: Scenario("a child is killed between claim and run", ALL, (_POINT,)),
    2: Scenario("in the run", ALL, (_POINT, SUPERVISOR + "a_killed_childs_message_is_back_long_before_its_lease_ends")),
    3: Scenario("after the run, before it is settled", ALL, (_POINT,)),
    4: Scenario("after it is settled, before the next claim", ALL, (_POINT,)),
    5: Scenario("the supervisor is killed", "sqlite, redis", (_TAKEN,)),
    6: Scenario("the whole worker is killed at once", ALL, (ATTACK,)),
    7: Scenario(
        "a worker is stopped beyond its lease",
        ALL,
        (WORKS + "a_worker_stopped_beyond_its_lease_has_its_outcome_dropped",),
    ),
    8: Scenario(
        "a task takes more memory than it may",
        ONE,
        (WEAR + "a_task_that_takes_twice_as_much_is_killed_counted_and_dead_in_the_end",),
    ),
    9: Scenario("a task crashes its process", ALL, (ATTACK,)),
    10: Scenario(
        "a task ends its process, or would",
        ONE,
        (
            SUPERVISOR + "a_task_that_ends_its_process_runs_again_until_it_is_dead",
            RUNNER + "a_task_that_would_end_the_process_has_only_failed",
        ),
    ),
    11: Scenario(
        "a task forks, and leaves processes behind",
        ONE,
        (
            SUPERVISOR + "a_task_that_never_ends_is_killed_at_its_hard_limit_with_all_it_started",
            CONTAINED + "a_copy_of_the_process_that_a_task_lets_return_settles_nothing",
        ),
    ),
    12: Scenario(
        "a message that kills whoever runs it",
        ONE,
        (SUPERVISOR + "a_task_that_ends_its_process_runs_again_until_it_is_dead",),
    ),
    13: Scenario(
        "asked to stop, with tasks running and waiting",
        ONE,
        (
            SUPERVISOR + "a_request_to_stop_lets_the_running_end_and_leaves_the_rest",
            SUPERVISOR + "what_runs_longer_than_the_drain_is_given_back_without_penalty",
        ),
    ),
    14: Scenario(
        "asked twice, to end now, while the application is loaded",
        ONE,
        (
            SUPERVISOR + "a_second_request_or_quit_ends_it_now",
            UNHEEDING + "a_request_to_stop_while_the_application_is_loaded_ends_it_soon_and_claims_nothing",
        ),
    ),
    15: Scenario(
        "asked to stop while the broker is away",
        ONE,
        (UNHEEDING + "a_request_to_stop_while_the_broker_is_away_ends_it_in_its_time_and_loses_nothing",),
    ),
    16: Scenario(
        "the time for a drain is over",
        ONE,
        (SUPERVISOR + "what_runs_longer_than_the_drain_is_given_back_without_penalty",),
    ),
    17: Scenario(
        "the server is restarted",
        "postgresql, redis",
        (SCENES + "a_server_that_is_restarted_during_a_run_is_told_of_its_end_afterwards", ATTACK),
    ),
    18: Scenario(
        "connections are cut at any point",
        "postgresql, redis",
        (SCENES + "a_settlement_that_is_cut_in_the_middle_is_made_again_whole", ATTACK),
    ),
    19: Scenario(
        "the server is made a replica for a while",
        "redis",
        (SCENES + "a_server_that_is_made_a_replica_during_a_run_is_told_of_its_end_when_it_is_the_primary_again",),
    ),
    22: Scenario("scripts are flushed", "redis", (SCENES + "scripts_that_are_flushed_all_the_while_cost_no_run",)),
    23: Scenario("the server has no memory, the disk no room", ALL, (ATTACK,)),
    24: Scenario("the network is slow, loses and holds", "postgresql, redis", (ATTACK,)),
    25: Scenario(
        "the reply to a claim is lost",
        "postgresql, redis",
        (SCENES + "a_claim_whose_reply_is_lost_is_given_out_again_and_run_once",),
    ),
    26: Scenario(
        "the reply to a settlement is lost",
        "postgresql, redis",
        (SCENES + "a_settlement_whose_reply_is_lost_stands_and_its_task_is_not_run_again",),
    ),
    27: Scenario(
        "the reply to a sender is lost",
        "redis",
        (
            "tests/app/test_retry_policy.py::test_a_call_whose_answer_was_lost_is_sent_once",
            SENDER + "an_id_that_waits_is_ignored",
        ),
    ),
    29: Scenario(
        "deadlocks, locks held",
        "postgresql",
        (
            SCENES + "a_settlement_that_is_the_victim_of_a_deadlock_is_made_again",
            SCENES + "a_settlement_that_finds_the_store_locked_for_seconds_is_made_when_it_is_free",
        ),
    ),
    30: Scenario(
        "the file is locked",
        "sqlite",
        (SCENES + "a_settlement_that_finds_the_store_locked_for_seconds_is_made_when_it_is_free",),
    ),
    31: Scenario(
        "the clock is set, an hour ahead or back",
        ALL,
        (
            CLOCK + "what_was_ready_before_the_clock_was_set_back_is_claimed_at_once",
            CLOCK + "what_is_renewed_is_not_lost_when_the_clock_is_set_ahead",
        ),
    ),
    32: Scenario(
        "every child is in code outside Python",
        ONE,
        (UNHEEDING + "leases_are_renewed_and_status_is_fresh_while_every_child_is_in_code_outside_python",),
    ),
    33: Scenario(
        "one long task and a thousand short ones",
        ALL,
        (WORKS + "no_short_task_waits_for_a_long_one_while_a_child_is_idle",),
    ),
    34: Scenario(
        "who holds a batch stalls",
        ONE,
        (
            SUPERVISOR + "a_quick_task_that_turns_slow_gives_back_what_its_child_claimed_beside_it",
            STUCK + "an_idle_child_that_is_stopped_is_killed_and_what_it_had_claimed_runs_at_once",
        ),
    ),
    35: Scenario(
        "priorities and queues under load",
        ALL,
        (
            RECEIVER + "order_holds_over_several_queues",
            "tests/worker/test_queue_order.py::test_by_weight_both_get_on_from_the_beginning",
        ),
    ),
    36: Scenario(
        "many messages are for later",
        "redis: measured by benchmarks.worker",
        (RECEIVER + "a_delayed_message_waits_until_it_is_due",),
    ),
    37: Scenario(
        "moments past, far, without a zone",
        ONE,
        (TASKS + "an_eta_is_a_moment_in_any_zone", RUNNER + "a_retry_has_one_moment_with_a_zone"),
    ),
    38: Scenario(
        "a message expires in its queue, in its delay, before its retry",
        ALL,
        (SCENES + "what_has_expired_in_its_queue_in_its_delay_or_before_its_retry_is_not_run",),
    ),
    39: Scenario(
        "retries, over kills and restarts",
        "sqlite, redis",
        (
            WORKS + "retries_are_counted_on_over_kills_and_restarts",
            RUNNER + "without_a_retry_left_the_error_itself_comes_out",
        ),
    ),
    40: Scenario(
        "revoked while it waits, runs, has ended; tiny neighbours",
        ALL,
        (
            "tests/conformance/test_limits.py::test_a_waiting_message_is_revoked_at_once",
            SUPERVISOR + "a_running_task_that_is_revoked_with_termination_is_killed_and_no_other",
            WORKS + "terminating_tiny_tasks_costs_no_neighbour_its_end",
        ),
    ),
    41: Scenario(
        "time limits in code outside Python, caught, uncaught, in the last instant",
        ONE,
        (
            UNHEEDING + "a_child_in_code_outside_python_is_killed_within_a_second_of_its_limit_and_the_other_goes_on",
            SUPERVISOR + "soft_limits_caught_and_uncaught",
            STUCK + "a_task_that_ends_while_its_stack_is_written_is_spared_and_so_is_its_child",
        ),
    ),
    42: Scenario(
        "children are replaced by number and size under load",
        ONE,
        (WEAR + "no_message_is_lost_or_run_twice_and_none_waits_for_a_lease_while_quick_children_are_replaced",),
    ),
    43: Scenario("the load comes and goes", ONE, (SCALE + "a_peak_that_comes_again_within_the_rest_changes_nothing",)),
    44: Scenario(
        "one rate for many workers",
        ALL,
        (
            RATES + "workers_that_come_late_hold_the_rate_within_two_percent",
            RATES + "several_processes_together_keep_to_the_rate",
        ),
    ),
    45: Scenario("a hundred send one unique call at once", ALL, (UNIQUE + "a_hundred_senders_at_once_send_one",)),
    48: Scenario(
        "results waited for that come late, never, are forgotten",
        ONE,
        (
            RESULT + "a_result_that_comes_while_it_is_waited_for_is_returned",
            RESULT + "a_result_that_does_not_come_is_waited_for_no_longer_than_told",
            RESULT + "a_forgotten_result_is_not_known",
        ),
    ),
    49: Scenario(
        "results cannot be stored: they are stored with the settlement",
        ONE,
        (SUPERVISOR + "an_outcome_is_settled_after_an_outage_that_began_during_the_run",),
    ),
    50: Scenario(
        "arguments, results, errors and bodies that cannot be read or stored",
        ONE,
        (
            BODIES + "a_body_that_is_no_call_is_a_dead_letter_that_says_why",
            BODIES + "a_result_that_cannot_be_stored_is_the_tasks_failure",
            BODIES + "an_exception_that_cannot_be_stored_is_told_as_far_as_it_can_be",
            "tests/interop/test_celery_client.py::test_a_body_of_a_hundred_megabytes_is_read_and_the_worker_goes_on",
        ),
    ),
    51: Scenario(
        "connections and random numbers that a fork would share",
        ONE,
        (
            TEMPLATE + "children_have_no_connection_of_the_pools_of_sqlalchemy_and_django",
            TEMPLATE + "connections_that_the_application_opens_are_named",
            TEMPLATE + "children_draw_different_random_numbers",
        ),
    ),
    52: Scenario(
        "threads that a fork would lose; what is forked from hangs or dies",
        ONE,
        (
            TEMPLATE + "an_application_with_threads_is_imported_by_each_child",
            TEMPLATE + "a_template_that_does_not_answer_is_replaced",
            TEMPLATE + "a_template_that_dies_is_replaced_and_its_children_go_on",
        ),
    ),
    53: Scenario("one suite for all pools", ONE, (INPROCESS + "tasks_run_in_the_one_process",)),
    54: Scenario(
        "a great many tasks and children",
        "redis, sqlite",
        (
            WORKS + "a_supervisors_memory_is_flat_over_a_great_many_tasks",
            WEAR + "the_supervisor_stays_as_it_is_while_many_children_come_and_go",
        ),
    ),
    55: Scenario(
        "status is asked for while all children are busy",
        ONE,
        (UNHEEDING + "leases_are_renewed_and_status_is_fresh_while_every_child_is_in_code_outside_python",),
    ),
    59: Scenario("a sender forks after it has sent", ONE, (RESULT + "a_forked_child_opens_its_own_connection",)),
    60: Scenario(
        "claims, renewals and settlements in any order",
        ALL,
        (
            RECEIVER + "a_zombie_settles_nothing_once_its_message_went_to_another",
            RECEIVER + "a_zombie_with_the_same_name_is_fenced_by_the_attempt",
            ATTACK,
        ),
    ),
}
