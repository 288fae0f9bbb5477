"""systemd units: the same text for ``beatd systemd`` and for ``deploy/systemd``."""

from dataclasses import dataclass

_NOTIFY = """\
Type=notify
NotifyAccess=all
# Fed by the work itself: a tick, or a claim, that hangs ends in a restart.
WatchdogSec=30
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
RestartSec=2
# TERM reaches the supervisor, which drains its children for drain_timeout (25s); what is left is killed.
KillMode=mixed
TimeoutStopSec=60
# A child that the kernel kills for its memory is replaced; the others go on.
OOMPolicy=continue
"""

_HARDENING = """\
UMask=0077
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
PrivateTmp=yes
PrivateDevices=yes
DevicePolicy=closed
ProtectSystem=strict
{home}
ProtectProc=invisible
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RemoveIPC=yes
KeyringMode=private
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
SystemCallErrorNumber=EPERM
"""

_UNIT = """\
# Written by `beatd systemd`. Settings and secrets: /etc/default/beatd (BEATD_BROKER=..., BEATD_SCHEDULE=...; mode 0600)
[Unit]
Description={description}
Wants=network-online.target
After=network-online.target

[Service]
{notify}
ExecStart={command}
WorkingDirectory={folder}
EnvironmentFile=-/etc/default/beatd
User={user}
# The database is /var/lib/beatd/beatd.db; from a shell: STATE_DIRECTORY=/var/lib/beatd beatd runs
StateDirectory=beatd
StateDirectoryMode=0700
LimitNOFILE=65536

# Folders that tasks write to, beside the state directory: ReadWritePaths=
{hardening}
[Install]
WantedBy=multi-user.target
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an installation is, and whom it runs as: one user for all units, because they share a database."""

    executable: str = "/opt/beatd/.venv/bin/beatd"
    folder: str = "/opt/beatd"
    schedules: tuple[str, ...] = ("/opt/beatd/beatd.toml",)
    apps: tuple[str, ...] = ()
    user: str = "beatd"
    words: tuple[str, ...] = ()
    """What stands between the executable and the command, such as ``-m beatd``."""
    settings: tuple[tuple[str, str], ...] = ()
    """Further options and their values, for every unit."""


def scheduler_unit(place: Place) -> str:
    """Return the unit that runs scheduler and worker."""
    return _unit(place, "beatd: scheduler and worker", [*_program(place), "run", *_shared(place)])


def worker_unit(place: Place) -> str:
    """Return the unit of one more worker, named by its instance."""
    words = [*_program(place), "worker", "--name", "%i@%H", *_shared(place)]
    return _unit(place, "beatd: worker %i", words)


def _unit(place: Place, description: str, words: list[str]) -> str:
    # A home that is out of sight would hide the installation itself.
    at_home = any(path.startswith(("/home/", "/root/", "/run/user/")) for path in (place.executable, place.folder))
    return _UNIT.format(
        description=description,
        notify=_NOTIFY.rstrip(),
        command=" ".join(words),
        folder=place.folder.replace("%", "%%"),
        user=place.user,
        hardening=_HARDENING.format(home=f"ProtectHome={'read-only' if at_home else 'yes'}"),
    )


def _program(place: Place) -> list[str]:
    return [_quoted(place.executable), *place.words]


def _shared(place: Place) -> list[str]:
    more = [word for name, value in place.settings for word in (name, _quoted(value))]
    return [*_options("--schedule", place.schedules), *_options("-A", place.apps), *more]


def _options(name: str, values: tuple[str, ...]) -> list[str]:
    return [word for value in values for word in (name, _quoted(value))]


def _quoted(word: str) -> str:
    """Return a word as systemd's command lines need it: ``%`` and ``$`` doubled, quoted where it has blanks."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"' if " " in escaped or escaped != word else word
