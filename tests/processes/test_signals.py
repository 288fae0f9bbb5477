import os
import select
import signal

from beatd.processes.signals import SignalInbox


def test_signals_wait_in_their_order_until_they_are_drained():
    with SignalInbox([signal.SIGUSR2, signal.SIGHUP]) as inbox:
        os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGUSR2)
        assert select.select([inbox], [], [], 5)[0] == [inbox]
        assert inbox.drain() == [signal.SIGHUP, signal.SIGUSR2]
        assert inbox.drain() == []


def test_closing_puts_the_former_handlers_back():
    def former(*_):
        pass

    before = signal.signal(signal.SIGUSR2, former)
    try:
        SignalInbox([signal.SIGUSR2]).close()
        assert signal.getsignal(signal.SIGUSR2) is former
    finally:
        signal.signal(signal.SIGUSR2, before)


def test_a_poke_from_a_child_wakes_the_parent():
    with SignalInbox([signal.SIGUSR2]) as inbox:
        pid = os.fork()
        if pid == 0:
            inbox.poke()
            os._exit(0)
        os.waitpid(pid, 0)
        assert select.select([inbox], [], [], 5)[0]
        assert inbox.drain() == [signal.SIGCHLD]


def test_more_signals_than_the_pipe_holds_block_nobody():
    with SignalInbox([signal.SIGUSR2]) as inbox:
        for _ in range(100_000):
            inbox.poke()
        assert inbox.drain()
