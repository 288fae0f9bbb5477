import os

from beatd.processes.memory import in_words, own_resident, resident


def test_what_is_taken_shows_and_goes_when_it_is_given_back():
    before = own_resident()
    taken = bytes([1]) * 50_000_000
    with_it = own_resident()
    del taken
    assert 40_000_000 < with_it - before < 80_000_000
    assert own_resident() < with_it - 40_000_000
    assert abs(resident(os.getpid()) - own_resident()) < 5_000_000


def test_a_process_that_has_ended_takes_nothing():
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    assert resident(pid) is None


def test_sizes_are_told_in_megabytes():
    assert in_words(412_400_000) == "412 MB"
