"""A server's refusals, in our words."""

import pytest
from redis.exceptions import AuthenticationError, BusyLoadingError, MasterDownError, ReadOnlyError, ResponseError

from beatd.errors import BrokerUnavailableError, StoreError
from beatd.rediskit.failures import translated


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (BusyLoadingError("Redis is loading the dataset in memory", status_code="LOADING"), "still loading its data"),
        (ReadOnlyError("You can't write against a read only replica.", status_code="READONLY"), "it is a replica"),
        (MasterDownError("Link with MASTER is down", status_code="MASTERDOWN"), "lost its primary"),
        (ResponseError("BUSY Redis is busy running a script."), "busy with a script"),
        (ResponseError("MISCONF Redis is configured to save RDB snapshots"), "takes no writes"),
        (ResponseError("NOREPLICAS Not enough good replicas to write."), "min-replicas-to-write"),
        (ResponseError("OOM command not allowed when used memory > 'maxmemory'."), "raise `maxmemory`"),
    ],
)
def test_what_may_pass_is_told_as_unavailable(error, says):
    found = translated(error, "redis://h", "{beatd:x}:")
    assert isinstance(found, BrokerUnavailableError)
    assert says in str(found)


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (AuthenticationError("invalid username-password pair"), "does not take this user and password"),
        (ResponseError("NOPERM this user has no permissions to run the 'info' command"), "'info' command"),
        (ResponseError("WRONGTYPE Operation against a key"), "a key that begins with {beatd:x}:"),
        (ResponseError("ERR unknown command 'EVALSHA'"), "redis://h refused: ERR unknown command 'EVALSHA'"),
    ],
)
def test_what_someone_must_mend_is_told_as_refused(error, says):
    found = translated(error, "redis://h", "{beatd:x}:")
    assert isinstance(found, StoreError)
    assert says in str(found)
