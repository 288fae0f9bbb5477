"""A server that is slow, away, full, strict, or not to be trusted."""

import os
import signal
import socket
import threading
import time
from collections import deque

import pytest

from beatd.clock import SystemClock
from beatd.errors import BrokerUnavailableError, StoreError
from beatd.rediskit.demands import FORMAT, unmet
from beatd.rediskit.server import RECHECK, Server
from beatd.stores.redis import RedisDefinitions


def _look(server):
    return server.run("look", 0, ["celery"])


def test_a_server_that_may_evict_is_refused_with_the_remedy(start_redis, refused):
    server = start_redis("--maxmemory", "50mb", "--maxmemory-policy", "allkeys-lru").open()
    said = refused(server)
    assert refused(server) == said
    assert "may evict records and messages when its memory is full (maxmemory-policy allkeys-lru)" in said
    assert "CONFIG SET maxmemory-policy noeviction" in said


@pytest.mark.parametrize("options", [("--maxmemory", "50mb"), ("--maxmemory-policy", "allkeys-lru")])
def test_a_limit_without_eviction_and_eviction_without_a_limit_are_taken(start_redis, options):
    assert _look(start_redis(*options).open()) == b""


class _Later(SystemClock):
    ahead = 0

    def elapsed(self):
        return super().elapsed() + self.ahead


def test_a_server_that_begins_to_evict_is_noticed_within_a_minute(redis_server):
    clock = _Later()
    server = Server(redis_server.url, "tests", clock)
    server.recheck()
    _look(server)
    server.command("CONFIG", "SET", "maxmemory", "50mb", "maxmemory-policy", "volatile-ttl")
    server.recheck()
    clock.ahead = RECHECK
    with pytest.raises(BrokerUnavailableError, match="maxmemory-policy volatile-ttl"):
        server.recheck()
    server.command("CONFIG", "SET", "maxmemory-policy", "noeviction")
    server.recheck()


@pytest.mark.parametrize(("version", "fits"), [("6.0.16", False), ("6.2.0", True), ("7.0.15", True), ("10.1", True)])
def test_an_old_server_is_refused_by_its_version(version, fits):
    said = unmet({"redis_version": version, "maxmemory": "0"}, "redis://h")
    assert (said is None) == fits
    assert fits or said == "redis://h is Redis 6.0.16; beatd needs 6.2 or newer"


def test_a_state_of_a_newer_format_is_refused_naming_both(redis_server, refused):
    clock = _Later()
    server = Server(redis_server.url, "tests", clock)
    RedisDefinitions(server, clock).install()
    assert server.command("HGET", f"{server.prefix}state", "format") == str(FORMAT).encode()
    server.command("HSET", f"{server.prefix}state", "format", FORMAT + 1)
    said = "holds the state of a newer beatd (format 2, this one knows 1); install that beatd"
    assert said in refused(redis_server.open())
    # Also where it was written by an upgrade while this one runs.
    clock.ahead = RECHECK
    with pytest.raises(StoreError, match="newer beatd"):
        server.recheck()
    assert _look(Server(redis_server.url, "other", SystemClock())) == b""


def test_a_user_without_a_command_is_told_which(redis_server, refused):
    redis_server.open().command("ACL", "SETUSER", "ana", "on", ">s3cret", "~*", "+@all", "-evalsha")
    said = refused(redis_server.open(url=f"redis://ana:s3cret@127.0.0.1:{redis_server.port}"))
    assert "'evalsha'" in said
    assert "ACL SETUSER" in said
    assert "s3cret" not in said


def test_a_user_without_what_a_script_does_is_told_so(redis_server):
    redis_server.open().command("ACL", "SETUSER", "ana", "on", ">s3cret", "~{beatd:tests}:*", "+@all", "-incrby")
    server = redis_server.open(url=f"redis://ana:s3cret@127.0.0.1:{redis_server.port}")
    with pytest.raises(StoreError, match=r"\(INCRBY\); beatd needs `ACL SETUSER"):
        server.run("send", 1, (["m"], ["celery"], [0], [0], ["m", "0 0 []\n"]), False)
    assert server.command("EXISTS", "{beatd:tests}:messages") == 0


def test_the_rights_that_the_remedy_names_are_enough(redis_server):
    rights = ["~{beatd:tests}:*", "+@read", "+@write", "+@scripting", "+@connection", "+info", "+time"]
    redis_server.open().command("ACL", "SETUSER", "ana", "on", ">s3cret", *rights)
    server = redis_server.open(url=f"redis://ana:s3cret@127.0.0.1:{redis_server.port}/0")
    assert server.run("send", 1, (["m"], ["celery"], [0], [0], ["m", "0 0 []\n"]), False) == 1
    assert server.block(["{beatd:tests}:wake:celery"], 1)
    assert server.clock.now() > 0


def test_a_wrong_password_is_clear_and_not_shown(start_redis, refused):
    redis_server = start_redis("--requirepass", "right")
    for wrong in (f":wr0ng@127.0.0.1:{redis_server.port}", f"127.0.0.1:{redis_server.port}"):
        said = refused(redis_server.open(url=f"redis://{wrong}"))
        assert "does not take this user and password" in said
        assert "wr0ng" not in said
    assert _look(redis_server.open(url=f"redis://:right@127.0.0.1:{redis_server.port}")) == b""


def test_a_server_that_accepts_and_never_answers_times_out(refused):
    with socket.create_server(("127.0.0.1", 0)) as mute:
        server = Server(f"redis://127.0.0.1:{mute.getsockname()[1]}", "tests", SystemClock(), answer_seconds=0.2)
        begun = time.monotonic()
        assert "it did not answer in time" in refused(server)
        assert time.monotonic() - begun < 3


def test_nothing_listening_is_said_soon(refused):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    begun = time.monotonic()
    assert "Connection refused" in refused(Server(f"redis://127.0.0.1:{port}", "tests", SystemClock()))
    assert time.monotonic() - begun < 3


def test_a_stopped_server_times_out_and_is_used_again_once_it_goes_on(redis_server):
    server = redis_server.open(answer_seconds=0.3)
    assert _look(server) == b""
    redis_server.signal(signal.SIGSTOP)
    with pytest.raises(BrokerUnavailableError, match="did not answer in time"):
        _look(server)
    redis_server.signal(signal.SIGCONT)
    assert _look(server) == b""


def test_a_server_killed_and_started_again_has_what_it_answered_for(start_redis):
    redis_server = start_redis("--appendonly", "yes", "--appendfsync", "always")
    server = redis_server.open()
    server.run("send", 1, (["m"], ["celery"], [0], [0], ["m", "0 0 []\n"]), False)
    redis_server.kill()
    with pytest.raises(BrokerUnavailableError):
        _look(server)
    redis_server.start()
    deadline = time.monotonic() + 10
    while True:
        try:
            assert _look(server) == b"-1"
            break
        except BrokerUnavailableError:  # still loading
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_scripts_are_loaded_again_when_the_server_forgot_them(redis_server):
    server = redis_server.open()
    assert _look(server) == b""
    server.command("SCRIPT", "FLUSH")
    assert _look(server) == b""


def test_a_full_server_takes_nothing_and_says_so(start_redis):
    server = start_redis("--maxmemory", "4mb").open()

    def send(number):
        ids = [f"m{number}-{each}" for each in range(40)]
        pairs = [text for each in ids for text in (each, "0 0 []\n" + "x" * 2000)]
        server.run("send", 1, (ids, ["celery"] * 40, [0] * 40, [0] * 40, pairs), False)

    with pytest.raises(BrokerUnavailableError, match="raise `maxmemory`"):
        deque(map(send, range(100)), maxlen=0)
    messages = server.command("HLEN", "{beatd:tests}:messages")
    assert messages == server.command("ZCARD", "{beatd:tests}:ready:celery") > 0


def test_a_replica_is_told_from_its_primary(start_redis, redis_server):
    replica = redis_server.open()
    replica.command("REPLICAOF", "127.0.0.1", str(redis_server.port + 1))
    with pytest.raises(BrokerUnavailableError, match="replica"):
        replica.run("reap", 1) or replica.run("leave", 1, "h")


def test_a_child_opens_a_connection_of_its_own(redis_server):
    server = redis_server.open()
    mine = server.command("CLIENT", "ID")
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.write(writer, b"%d" % server.command("CLIENT", "ID"))
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    assert int(os.read(reader, 100)) != mine
    os.close(reader)
    os.close(writer)
    assert server.command("CLIENT", "ID") == mine


def test_each_thread_has_a_connection_of_its_own(redis_server):
    server = redis_server.open()
    ids = [server.command("CLIENT", "ID")]
    thread = threading.Thread(target=lambda: ids.append(server.command("CLIENT", "ID")))
    thread.start()
    thread.join()
    assert len(set(ids)) == 2


def test_a_connection_that_the_server_closed_is_opened_again(redis_server):
    server, other = redis_server.open(), redis_server.open()
    mine = server.command("CLIENT", "ID")
    other.command("CLIENT", "KILL", "ID", str(mine))
    assert _look(server) == b""


def test_the_clock_is_the_servers(redis_server):
    clock = _Later()
    server = Server(redis_server.url, "tests", clock)
    there = server.clock.now()
    assert abs(there - SystemClock().now()) < 1_000_000
    clock.ahead = 5_000_000
    assert 4_900_000 < server.clock.now() - there < 6_000_000


def test_the_clock_goes_on_while_the_server_is_away(redis_server):
    clock = _Later()
    server = Server(redis_server.url, "tests", clock)
    there = server.clock.now()
    redis_server.kill()
    clock.ahead = 20_000_000
    assert 20_000_000 <= server.clock.now() - there < 30_000_000


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("redis://:p4ss@h:x", "cannot be read"),
        ("redis://:p4ss@h/one", "'one' is no number of a database"),
        ("redis://:p4ss@h?timeout=3", "unknown option 'timeout'"),
        ("redis://:p4ss@h?ssl_ca_certs=x", "rediss:// takes those of TLS"),
        ("rediss://:p4ss@h?ssl_cert_reqs=maybe", "required, optional or none"),
        ("rediss://:p4ss@h?ssl_check_hostname=maybe", "true or false"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_without_its_password(url, said):
    with pytest.raises(StoreError) as raised:
        Server(url, "tests", SystemClock())
    assert said in str(raised.value)
    assert "p4ss" not in str(raised.value)


def _begin(server, number):
    return server.begin("send", 1, ([f"m{number}"], ["celery"], [0], [0], [f"m{number}", "0 0 []\n"]), False)


def _sent(server):
    return server.command("HLEN", "{beatd:tests}:messages")


def test_requests_under_way_are_answered_in_their_order_with_others_between(redis_server):
    server = redis_server.open()
    assert _begin(server, 0)() == 1
    answers = [_begin(server, number) for number in (1, 2, 3)]
    assert _sent(server) == 4
    late = server.begin("look", 0, ["celery"])
    assert [answer() for answer in reversed(answers)] == [1, 1, 1]
    assert late() == b"-1"


def test_what_is_under_way_when_scripts_are_forgotten_is_sent_again(redis_server):
    server = redis_server.open()
    assert _begin(server, 0)() == 1
    server.command("SCRIPT", "FLUSH")
    answers = [_begin(server, number) for number in (1, 2)]
    assert [answer() for answer in answers] == [1, 1]
    assert _sent(server) == 3


def test_what_is_under_way_when_the_connection_is_lost_is_sent_again(redis_server):
    server, other = redis_server.open(), redis_server.open()
    mine = server.command("CLIENT", "ID")
    answers = [_begin(server, number) for number in (1, 2)]
    other.command("CLIENT", "KILL", "ID", str(mine))
    assert [answer() for answer in answers] == [1, 1]
    assert _sent(server) == 2


def test_what_a_server_does_not_answer_in_time_is_not_sent_again(redis_server):
    server = redis_server.open(answer_seconds=0.3)
    assert _begin(server, 1)() == 1
    redis_server.signal(signal.SIGSTOP)
    former, latter = _begin(server, 2), _begin(server, 3)
    with pytest.raises(BrokerUnavailableError, match="did not answer in time"):
        former()
    redis_server.signal(signal.SIGCONT)
    # Both were in the server's hands, and it went on with them.
    assert latter() == 0
    assert _sent(server) == 3


def test_a_request_that_fails_leaves_the_next_its_own_answer(redis_server):
    server = redis_server.open()
    server.command("SET", "{beatd:tests}:queues", "text")
    former, latter = _begin(server, 1), server.begin("look", 0, ["celery"])
    assert latter() == b""
    with pytest.raises(StoreError):
        former()


def test_a_child_leaves_its_parents_answers_alone(redis_server):
    server = redis_server.open()
    assert _begin(server, 0)() == 1
    answer = _begin(server, 1)
    pid = os.fork()
    if pid == 0:
        os._exit(0 if _sent(server) == 2 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert answer() == 1
