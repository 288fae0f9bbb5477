from beatd.scheduler.agenda import Agenda


def test_names_come_out_in_the_order_of_their_moments() -> None:
    agenda = Agenda()
    for name, moment in (("b", 2), ("a", 1), ("c", 3)):
        agenda.put(name, moment)
    assert agenda.next() == 1
    assert agenda.pop_due(2, 10) == ["a", "b"]
    assert agenda.next() == 3


def test_a_name_that_was_moved_is_due_once_at_its_new_moment() -> None:
    agenda = Agenda()
    agenda.put("a", 1)
    agenda.put("a", 5)
    assert agenda.pop_due(4, 10) == []
    assert agenda.pop_due(5, 10) == ["a"]
    assert agenda.next() is None


def test_a_name_taken_off_is_not_due() -> None:
    agenda = Agenda()
    agenda.put("a", 1)
    agenda.put("a", None)
    assert agenda.next() is None
    assert len(agenda) == 0


def test_a_name_moved_back_and_forth_is_due_once() -> None:
    agenda = Agenda()
    for moment in (1, 2, 1, 2, 1):
        agenda.put("a", moment)
    assert agenda.pop_due(9, 10) == ["a"]
    assert agenda.pop_due(9, 10) == []


def test_no_more_than_the_limit_comes_out_at_once() -> None:
    agenda = Agenda()
    for number in range(5):
        agenda.put(str(number), number)
    assert agenda.pop_due(9, 2) == ["0", "1"]


def test_of_one_moment_names_come_out_in_their_order_over_several_calls() -> None:
    agenda = Agenda()
    for name in ("c", "a", "d", "b"):
        agenda.put(name, 1)
    assert agenda.pop_due(1, 2) == ["a", "b"]
    agenda.put("a", 1)
    assert agenda.pop_due(1, 2) == ["a", "c"]
    assert agenda.pop_due(1, 2) == ["d"]


def test_many_names_at_one_moment_leave_room_for_those_that_are_due_after_them() -> None:
    agenda = Agenda()
    herd = [f"herd-{number:03}" for number in range(100)]
    for name in herd:
        agenda.put(name, 1)
    agenda.put("later", 2)
    agenda.put("latest", 3)
    assert agenda.pop_due(3, 10) == [*herd[:5], "later", "latest", *herd[5:8]]
    assert agenda.pop_due(3, 10) == herd[8:18]
    assert len(agenda) == 82
