from typing import Any

import pytest

from beatd.app.app import App
from beatd.app.decorators import periodic, shared_task, task
from beatd.app.keywords import EntryTerms, TaskKeywords
from beatd.app.task import Task
from beatd.core.fields import FIELDS
from beatd.core.registry import REGISTRY, TaskOptions
from beatd.errors import CallError
from beatd.middleware.base import Middleware
from beatd.worker.context import TaskContext

MODULE = __name__


def add(x: int, y: int = 1) -> int:
    """Add."""
    return x + y


@pytest.mark.parametrize("decorator", [task, shared_task, task(), shared_task(), App().task, App().task()])
def test_a_decorator_with_or_without_parentheses_makes_a_task(decorator: Any) -> None:
    made = decorator(add)
    assert isinstance(made, Task)
    assert made.name == f"{MODULE}.add"
    assert REGISTRY.tasks[made.name].function is add
    assert (made(2), made(2, 3), made(x=1)) == (3, 5, 2)
    assert (made.__name__, made.__doc__, made.__wrapped__) == ("add", "Add.", add)  # type: ignore[attr-defined]  # set by functools


def test_options_reach_the_registry() -> None:
    made = task(name="math.add", max_retries=9, queue="mail", autoretry_for=(OSError,), acks="early")(add)
    assert made.name == "math.add"
    assert REGISTRY.tasks["math.add"].options == TaskOptions(
        max_retries=9, queue="mail", autoretry_for=(OSError,), acks="early"
    )


def test_the_errors_to_retry_for_may_be_a_list_or_one() -> None:
    lists: Any = {"autoretry_for": [OSError, KeyError], "dont_autoretry_for": FileNotFoundError}
    options = task(**lists)(add).options
    assert (options.autoretry_for, options.dont_autoretry_for) == ((OSError, KeyError), (FileNotFoundError,))


def test_the_typed_keywords_are_those_of_the_options() -> None:
    assert {*TaskKeywords.__annotations__, "bind"} == {"name", *TaskOptions.__dataclass_fields__}
    known = {*EntryTerms.__annotations__, "args", "kwargs", "task", "schedule"}
    assert known == {*FIELDS} - {"must_succeed_within", "notify"}


def test_an_unknown_option_is_refused_with_the_nearest() -> None:
    with pytest.raises(TypeError, match="@task got an unexpected keyword argument 'max_retry'; did you mean 'max_retr"):
        task(max_retry=3)  # type: ignore[call-overload]  # the mistake under test


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"acks": "never"}, "acks='never': give 'late' or 'early'"),
        ({"serializer": 5}, "serializer=5: give the name of a serializer, such as 'json'"),
        ({"priority": 10}, "priority=10: give 0 to 9"),
        ({"queue": "q" * 201}, "queue: must be a name of 1 to 200 printable characters, got 'qqq"),
        ({"time_limit": 0}, "time limits are seconds above 0"),
        ({"time_limit": "5m"}, "time limits are seconds above 0"),
        ({"max_retries": "3"}, "max_retries='3': give a whole number"),
        ({"max_deliveries": 0}, "max_deliveries=0: give a whole number from 1 up, or None"),
        ({"reject_on_worker_lost": None}, "reject_on_worker_lost=None: give True or False"),
        ({"max_retries": -1}, "max_retries=-1: give a whole number"),
        ({"retry_backoff": -1}, "retry_backoff=-1: give seconds"),
        ({"autoretry_for": ["OSError"]}, "autoretry_for names 'OSError': give exception classes"),
        ({"time_limit": 5, "soft_time_limit": 5}, "soft_time_limit=5 must be below time_limit=5"),
    ],
)
def test_an_option_that_cannot_be_used_is_refused(options: Any, words: str) -> None:
    with pytest.raises(CallError, match=f"@task {MODULE}.add: .*{words}"):
        task(**options)(add)


def test_a_task_is_made_of_a_function_only() -> None:
    with pytest.raises(CallError, match=r"stands on a function, not on 'shop.add'; options are keywords"):
        task("shop.add")  # type: ignore[call-overload]  # the mistake under test
    with pytest.raises(CallError, match="is a task already"):
        task(task(add))


def test_a_bound_task_is_given_its_context() -> None:
    @task(bind=True, name="bound")
    def bound(self: TaskContext, x: int) -> tuple[int, int]:
        return self.request.retries, x

    assert bound(5) == (0, 5)


# ---------------------------------------------------------------- periodic


def test_a_periodic_function_is_a_task_and_an_entry() -> None:
    made = periodic("every 5m", kwargs={"x": 1})(add)
    assert made(1) == 2
    entry = REGISTRY.periodic[f"{MODULE}.add"]
    assert (entry["task"], entry["schedule"], entry["kwargs"]) == (made.name, "every 5m", {"x": 1})
    assert REGISTRY.places[f"{MODULE}.add"] == f"{MODULE}.add ({__file__}:{add.__code__.co_firstlineno})"


def test_a_function_may_have_two_schedules_of_different_names() -> None:
    made = periodic("every 5m", name="often")(periodic(["0 8 * * *"])(task(queue="mail")(add)))
    assert set(REGISTRY.periodic) == {"often", made.name}
    assert REGISTRY.periodic["often"]["queue"] == "mail"


def test_the_queue_of_the_entry_goes_before_that_of_its_task() -> None:
    periodic("every 5m", queue="own")(task(queue="mail")(add))
    assert REGISTRY.periodic[f"{MODULE}.add"]["queue"] == "own"


def test_two_entries_of_one_name_are_refused_naming_both_functions() -> None:
    def other() -> None: ...

    periodic("every 5m", name="report")(add)
    with pytest.raises(CallError) as caught:
        periodic("every 6m", name="report")(other)
    assert f"two @periodic are named 'report': on {MODULE}.add (" in str(caught.value)
    assert f"and on {MODULE}.other (" in str(caught.value)
    assert "give one another name=" in str(caught.value)


def test_a_second_schedule_on_a_function_needs_a_name() -> None:
    with pytest.raises(CallError, match="give one another name="):
        periodic("every 5m")(periodic("every 6m")(add))


def test_a_module_that_is_loaded_again_declares_its_entries_again() -> None:
    periodic("every 5m")(add)
    periodic("every 6m")(add)
    assert REGISTRY.periodic[f"{MODULE}.add"]["schedule"] == "every 6m"


def test_an_unknown_field_of_an_entry_is_refused_with_the_nearest() -> None:
    with pytest.raises(TypeError, match="'time_zone'; did you mean 'timezone'"):
        periodic("every 5m", time_zone="UTC")  # type: ignore[call-arg]  # the mistake under test


def test_a_periodic_without_a_schedule_is_told_the_right_form() -> None:
    with pytest.raises(CallError, match=r"""was given 'add' as its schedule; write @periodic\("every 5m"\)"""):
        periodic(add)  # type: ignore[arg-type]  # the mistake


def test_two_functions_under_one_name_are_refused() -> None:
    task(name="dup")(add)
    task(name="dup")(add)
    with pytest.raises(CallError, match=r"two tasks are named 'dup': .*add \(.*other \(.*name="):

        @task(name="dup")
        def other() -> None: ...


def test_a_rate_limit_is_known_to_the_workers_of_this_process() -> None:
    made = task(name="limited", rate_limit="10/m")(add)
    assert made.options.rate_limit == "10/m"
    assert REGISTRY.rates["limited"].interval == 6_000_000
    task(name="limited")(add)
    assert "limited" not in REGISTRY.rates


def test_a_wrong_rate_limit_is_refused_where_it_stands() -> None:
    with pytest.raises(CallError, match=r"@task bad: rate_limit: '10 a day' is no rate; write how many .* '10/s'"):
        task(name="bad", rate_limit="10 a day")(add)


async def asleep() -> None: ...


@pytest.mark.parametrize("hook", ["on_failure.py", asleep, 5])
def test_a_hook_is_a_plain_function(hook: Any) -> None:
    with pytest.raises(CallError, match=r"after_return=.*: give a plain function"):
        task(after_return=hook)(add)


def test_a_class_as_base_is_refused_with_what_to_do_instead() -> None:
    options: Any = {"base": object}
    with pytest.raises(
        CallError, match=r"@task\(base=...\) is not in this version; give the functions themselves: bef"
    ):
        task(**options)


def test_the_middleware_of_an_app_is_instances() -> None:
    given: Any = [Middleware]
    with pytest.raises(CallError, match=r"App\(middleware=\[<class .*Middleware'>\]\): give instances"):
        App(middleware=given)
    own = Middleware()
    assert App(middleware=[own]).middleware == (own,)
