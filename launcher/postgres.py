"""The embedded PostgreSQL: one cluster per home, reached only over a socket, only by the account that started it."""

import os
import pwd
import shutil
import signal
import subprocess
from pathlib import Path

from launcher.data_dir import AS_ROOT, Home
from launcher.errors import Refusal
from launcher.process import Part, as_account, plain_environment
from launcher.server_programs import copy_postgres, postgres_programs

ACCOUNT = pwd.getpwnam("nobody") if AS_ROOT else None  # PostgreSQL refuses to run as root
STATE = Path("/var/lib/pridedesk")  # where `nobody` gets, when it cannot get to a home below a closed folder
MAJOR = "18"
# The same rules of text on every machine; docker-compose.yml has them too.
INITDB = [
    "--username=postgres",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
]
FAST = ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]


class Postgres:
    """The cluster of a home. A `throwaway` one trades durability for speed."""

    def __init__(self, home: Home, throwaway: bool = False) -> None:
        self.home = home
        self.throwaway = throwaway
        self.log = home.logs / "postgres.log"
        self.programs = reachable_programs()
        self.sockets = home.sockets / "postgres"
        self.data = data_folder(home)

    @property
    def url(self) -> str:
        return f"postgres://postgres@:5432/postgres?host={self.sockets}"

    def part(self, lock: int) -> Part:
        """The server, on a new cluster if there is none."""
        self.sockets.mkdir(exist_ok=True)
        belongs_to_server(self.sockets)
        if not self.data.exists():
            self.make_cluster()
        self.refuse_other_version()
        return Part(
            "postgres",
            [self.programs / "postgres", "-D", self.data, *self.options()],
            log=self.log,
            stop_signal=signal.SIGINT,  # "fast shutdown"; SIGTERM would wait for every client to leave
            account=ACCOUNT,
            keeps=[lock],
            patience=30,
        )

    def options(self) -> list[str]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "unix_socket_permissions": "0700",
            "log_checkpoints": "off",  # a line every five minutes without information
            "io_method": "sync",  # saves three processes; our reads are small
        }
        return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")] + (
            FAST if self.throwaway else []
        )

    def make_cluster(self) -> None:
        """Make it beside its place and put it there whole: a killed `initdb` leaves nothing that looks like one."""
        draft = self.data.with_name("postgres.new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        belongs_to_server(draft)
        flags = ["--no-sync"] if self.throwaway else []
        made = run_as_server([self.programs / "initdb", "-D", draft, "--auth=peer", *INITDB, *flags])
        if made.returncode:
            raise Refusal(f"PostgreSQL's initdb failed: {' '.join(made.stderr.split())}")
        admit_only_us(draft)
        draft.rename(self.data)

    def refuse_other_version(self) -> None:
        found = (self.data / "PG_VERSION").read_text().strip()
        if found != MAJOR:
            raise Refusal(
                f"{self.data} was made by PostgreSQL {found}; this is {MAJOR}. Dump it there and load it here."
            )

    def answers(self) -> bool:
        """Whether it accepts connections."""
        command = [str(self.programs / "pg_isready"), "-q", "-U", "postgres", "-h", str(self.sockets)]
        return subprocess.run(command, env=plain_environment(), check=False).returncode == 0


def reachable_programs() -> Path:
    """The server's programs, copied if `nobody` cannot get into .venv."""
    programs = postgres_programs()
    return programs if can_enter(programs) else copy_postgres(state_folder())


def data_folder(home: Home) -> Path:
    """Where the cluster lives: in the home, or below /var/lib with a link in the home."""
    link = home.path / "postgres"
    if link.is_symlink():
        return link.readlink()
    if can_enter(home.path):
        return link
    if link.exists():
        raise Refusal(f"PostgreSQL runs as nobody and cannot read {link}: open its folders, or move it.")
    place = state_folder() / home.key
    place.mkdir(mode=0o711, exist_ok=True)
    link.symlink_to(place / "postgres")
    return place / "postgres"


def state_folder() -> Path:
    STATE.mkdir(mode=0o755, parents=True, exist_ok=True)
    return STATE


def can_enter(folder: Path) -> bool:
    """Whether the server's account gets into a folder: asked of the kernel, which knows more than mode bits."""
    if ACCOUNT is None:
        return True
    return run_as_server(["/bin/sh", "-c", 'cd "$1"', "sh", folder]).returncode == 0


def run_as_server(command: list[str | Path]) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end under the server's account."""
    return subprocess.run(
        command, cwd="/", env=plain_environment(), capture_output=True, text=True, check=False, **as_account(ACCOUNT)
    )


def belongs_to_server(folder: Path) -> None:
    """Close a folder to all but the server's account (and root)."""
    folder.chmod(0o700)
    if ACCOUNT:
        os.chown(folder, ACCOUNT.pw_uid, ACCOUNT.pw_gid)


def admit_only_us(cluster: Path) -> None:
    """The kernel reports the user at the socket; only the account that runs `./pride` may be `postgres`."""
    us = pwd.getpwuid(os.getuid()).pw_name
    (cluster / "pg_hba.conf").write_text("local all all peer map=pride\n")
    (cluster / "pg_ident.conf").write_text(f'pride "{us}" postgres\n')
