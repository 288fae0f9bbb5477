"""``python -m tests.faults.doomed POINT NUMBER BATCH ARGUMENT...``: beatd, which kills itself at a point of a step.

It is the real program on the real store; what is wrapped here is called as ever, until the step of that number among
those that emit something comes to the point, and supervisor and scheduler end by SIGKILL.

How many messages each such step is to send is written to standard output.

- ``before_computing``: something is due, and it is not worked out yet what.
- ``before_sending``: the step is ready, and nothing of it has left.
- ``in_mid_request``: half of the request's bytes are sent; of a transaction all but the commit.
- ``stored``: the store has done it, and its answer is not read.
- ``answered``: the answer was read, and nothing is made of it.
"""

import os
import select
import signal
import sys
from contextlib import contextmanager

from redis.connection import Connection

from beatd.cli import main
from beatd.scheduler import emitter
from beatd.sqlkit.postgres import PostgresDatabase
from beatd.sqlkit.sqlite import SqliteDatabase
from beatd.stores.redis import RedisRecords
from beatd.stores.sql import SqlRecords

POINTS = ("before_computing", "before_sending", "in_mid_request", "stored", "answered")


SUPERVISOR = os.getpid()


def befall(fate: str) -> None:
    if fate == "kill":
        # The scheduler is its child, which it would start again.
        for pid in (SUPERVISOR, os.getpid()):
            os.kill(pid, signal.SIGKILL)
    elif fate == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)
    else:
        os.kill(SUPERVISOR, signal.SIGTERM)


class Doom:
    """Which of the points come next, and whether this step is the last."""

    def __init__(self, fate: str, point: str, number: int) -> None:
        self._fate = fate
        self._point = point
        self._left = number
        self._is_last = False

    def begin(self, messages: int) -> bool:
        """Count a step that emits something; return whether it is the last."""
        os.write(sys.stdout.fileno(), b"%d\n" % messages)
        self._left -= 1
        self._is_last = self._is_last or self._left == 0
        return self._left == 0

    def at(self, point: str) -> None:
        if self.is_at(point):
            self.strike()

    def strike(self) -> None:
        self._is_last, self._left = False, 0
        befall(self._fate)

    def is_at(self, point: str) -> bool:
        return self._is_last and point == self._point

    def computing_next(self) -> bool:
        return self._point == "before_computing" and self._left == 1


def wrap_engine(doom: Doom) -> None:
    fire_due = emitter.Emitter.fire_due

    def doomed(self) -> None:
        moment = self.next()
        if doom.computing_next() and moment is not None and moment <= self._time.now():
            doom.strike()
        fire_due(self)

    emitter.Emitter.fire_due = doomed


def wrap_records(doom: Doom, records) -> None:
    begin = records.begin

    def doomed(self, items):
        messages = sum(len(item.emissions) for item in items)
        is_last = bool(messages) and doom.begin(messages)
        doom.at("before_sending")
        finish = begin(self, items)

        def answers():
            found = finish()
            # The next step may be under way by now.
            if is_last:
                doom.at("answered")
            return found

        return answers

    records.begin = doomed


def wrap_transactions(doom: Doom, database) -> None:
    write = database.write

    @contextmanager
    def doomed(self, **given):
        with write(self, **given) as connection:
            yield connection
            doom.at("in_mid_request")
        doom.at("stored")

    database.write = doomed


def wrap_requests(doom: Doom) -> None:
    send, read = Connection.send_packed_command, Connection.read_response

    def doomed_send(self, command, *given, **more):
        if doom.is_at("in_mid_request"):
            data = command.encode() if isinstance(command, str) else b"".join(command)
            self._sock.sendall(data[: len(data) // 2])
            doom.strike()
            command = [data[len(data) // 2 :]]
        send(self, command, *given, **more)

    def doomed_read(self, *given, **more):
        if doom.is_at("stored"):
            assert select.select([self._sock], [], [], 10)[0], "no answer came"
            doom.strike()
        return read(self, *given, **more)

    Connection.send_packed_command, Connection.read_response = doomed_send, doomed_read


if __name__ == "__main__":
    _, fate, point, number, batch, *sys.argv[1:] = sys.argv
    assert point in POINTS
    emitter.BATCH = int(batch)
    ahead = Doom(fate, point, int(number))
    wrap_engine(ahead)
    for kind in (RedisRecords, SqlRecords):
        wrap_records(ahead, kind)
    for kind in (SqliteDatabase, PostgresDatabase):
        wrap_transactions(ahead, kind)
    wrap_requests(ahead)
    main()
