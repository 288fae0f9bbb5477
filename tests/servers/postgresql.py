"""PostgreSQL: the shared server, each test in a schema of its own, and private ones."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from uuid import uuid4

import psycopg

from tests.servers.absence import absent
from tests.servers.port import free_port

POSTGRES = os.environ.get("POSTGRES_TEST_URL", "postgresql://postgres@127.0.0.1:5432/test")


@cache
def _why_not(url: str) -> str | None:
    try:
        psycopg.connect(url, connect_timeout=3).close()
    except psycopg.OperationalError as error:
        return str(error)
    return None


def require_postgres() -> None:
    """Go on only where the shared server is there."""
    why = _why_not(POSTGRES)
    if why is not None:
        absent(f"no PostgreSQL at {POSTGRES}: {why}")


@contextmanager
def postgres_schema() -> Iterator[str]:
    """Yield a URL that names a schema not there yet; what is in it at the end is dropped."""
    require_postgres()
    schema = f"beatd_test_{uuid4().hex[:16]}"
    yield f"{POSTGRES}?schema={schema}"
    with psycopg.connect(POSTGRES, autocommit=True) as connection:
        # What a killed process left open would hold its tables.
        connection.execute("SET lock_timeout = '10s'")
        connection.execute(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE')


class PrivatePostgres:
    """A server of one's own; its files lie in ``folder``."""

    def __init__(self, binaries: Path, folder: Path) -> None:
        self.binaries, self.folder, self.port = binaries, folder, free_port()
        self.url = f"postgresql://postgres:s3cret@127.0.0.1:{self.port}/postgres"

    def run(self, program: str, *arguments: str) -> None:
        """Run one of the server's programs; as another user where this is root, whom it refuses."""
        command = [str(self.binaries / program), *arguments]
        as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        subprocess.run([*as_user, *command], check=True, cwd="/", capture_output=True, timeout=60)

    def make(self) -> None:
        data, secret = self.folder / "data", self.folder / "secret"
        secret.write_text("s3cret")
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres")
            shutil.chown(secret, "postgres")
        given = ("-U", "postgres", "-E", "UTF8", "--no-locale", "--no-sync")
        self.run("initdb", "-D", str(data), *given, "-A", "scram-sha-256", f"--pwfile={secret}")

    def start(self) -> None:
        told = f"-p {self.port} -c listen_addresses=127.0.0.1 -k {self.folder} -c shared_buffers=16MB"
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-l", str(self.folder / "log"), "-w", "-o", told, "start")

    def pid(self) -> int:
        return int((self.folder / "data" / "postmaster.pid").read_text().split()[0])

    def backends(self) -> list[int]:
        """Return the server's processes, children first."""
        out = subprocess.run(["pgrep", "-P", str(self.pid())], capture_output=True, text=True, check=False).stdout
        return [*map(int, out.split()), self.pid()]

    def signal(self, number: signal.Signals) -> None:
        for pid in self.backends():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def kill(self) -> None:
        """Kill -9 all of it."""
        os.kill(self.pid(), signal.SIGSTOP)  # or it has another child while its children are counted
        gone = self.backends()
        self.signal(signal.SIGKILL)
        deadline = time.monotonic() + 20
        while any(_is_alive(pid) for pid in gone):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        # Where nobody collects the dead, the server would think that the one named here lives.
        for name in ("data/postmaster.pid", f".s.PGSQL.{self.port}.lock"):
            (self.folder / name).unlink(missing_ok=True)

    def stop(self) -> None:
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-m", "fast", "-w", "stop")

    def execute(self, statement: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def private_postgres() -> Iterator[PrivatePostgres]:
    """Start a server and, if the test has left it running, stop it."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    if not found:
        absent("PostgreSQL's server programs are not installed")
    with tempfile.TemporaryDirectory(prefix="beatd-pg-", ignore_cleanup_errors=True) as folder:
        made = PrivatePostgres(found[-1].parent, Path(folder))
        made.make()
        made.start()
        try:
            yield made
        finally:
            try:
                made.signal(signal.SIGCONT)
                made.stop()
            except (subprocess.CalledProcessError, OSError):
                pass  # the test has stopped it


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
