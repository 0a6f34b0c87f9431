"""PRIDE_HOME: where one installation keeps its data, its logs, and what its commands need to find it."""

import fcntl
import hashlib
import json
import os
import secrets
import stat
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from launcher.errors import Refusal

CHECKOUT = Path(__file__).resolve().parents[1]
AS_ROOT = os.getuid() == 0
HOME_MODE = 0o711 if AS_ROOT else 0o700  # root's may be passed through, not listed: PostgreSQL has another account


@dataclass(frozen=True)
class Home:
    """A folder of ours, and a short one below /tmp for sockets (a socket's path has 107 bytes)."""

    path: Path

    @classmethod
    def chosen(cls) -> "Home":
        """The home that PRIDE_HOME names, `.var` in the checkout by default."""
        return cls(Path(os.environ.get("PRIDE_HOME") or CHECKOUT / ".var").resolve())

    @property
    def key(self) -> str:
        """The id of this PRIDE_HOME on this machine."""
        return hashlib.sha256(str(self.path).encode()).hexdigest()[:12]

    @property
    def sockets(self) -> Path:
        return Path("/tmp") / f"pride-{os.getuid()}-{self.key}"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def demo_file(self) -> Path:
        return self.path / "demo.json"

    @property
    def run_file(self) -> Path:
        return self.path / "run.json"

    def sandbox_seed(self) -> str:
        """Return the random text (64 hex digits) that this home's sandbox derives its secrets from; make it once."""
        seed = self.path / "sandbox-seed"
        try:
            if not seed.exists():
                self.make_folder()
                descriptor, draft = tempfile.mkstemp(dir=self.path)  # readable by its owner alone
                with open(descriptor, "w") as file:
                    file.write(secrets.token_hex(32))
                with suppress(FileExistsError):  # another process was first
                    os.link(draft, seed)
                os.unlink(draft)
            return seed.read_text()
        except OSError as error:
            raise Refusal(f"Cannot keep the sandbox's secrets in PRIDE_HOME={self.path}: {error.strerror}") from error

    def make_folder(self) -> None:
        if not self.path.exists():
            self.path.mkdir(parents=True, exist_ok=True)
            self.path.chmod(HOME_MODE)

    def prepare(self) -> None:
        """Make the folders."""
        try:
            self.make_folder()
            self.logs.mkdir(mode=0o700, exist_ok=True)
            own_folder(self.sockets, HOME_MODE)
        except OSError as error:
            raise Refusal(f"Cannot use PRIDE_HOME={self.path}: {error.strerror} ({error.filename})") from error

    def take(self) -> int:
        """Take the home, or refuse. Returns a lock for PostgreSQL and Valkey to inherit: free when they are gone."""
        if not seize(self.lock("lock"), patience=1):  # the patience is for a command that is just looking
            raise self.already_running()
        servers = self.lock("servers.lock")
        if not seize(servers, patience=15):  # after a kill -9 they need a moment to stop
            raise Refusal(f"The servers of the last `up` in {self.path} still run; stop them first.")
        self.run_file.unlink(missing_ok=True)
        return servers

    def refuse_if_taken(self) -> None:
        """Refuse where an `up` runs, before anything is touched."""
        if self.is_taken():
            raise self.already_running()

    def already_running(self) -> Refusal:
        at = f" at {self.run['PUBLIC_URL']}" if self.run else ""
        return Refusal(f"Pridedesk is already running in {self.path}{at}.")

    def lock(self, name: str) -> int:
        """An open lock file. It stays open, and a lock held, until the process ends."""
        try:
            return os.open(self.path / name, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise Refusal(f"Cannot use PRIDE_HOME={self.path}: {error.strerror}") from error

    def is_taken(self) -> bool:
        """Whether an `up` runs here."""
        if not (self.path / "lock").exists():
            return False
        lock = self.lock("lock")
        try:
            return not seize(lock, kind=fcntl.LOCK_SH)
        finally:
            os.close(lock)

    @property
    def run(self) -> dict[str, str]:
        """What the running `up` left for the other commands: empty before its servers answer."""
        return read_json(self.run_file)

    @property
    def demo(self) -> dict[str, str]:
        """The demo account, empty before the first `up`."""
        return read_json(self.demo_file)


def seize(lock: int, patience: float = 0, kind: int = fcntl.LOCK_EX) -> bool:
    """Lock an open file, unless another process holds the lock for longer than we wait."""
    until = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(lock, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(0.1)
        else:
            return True


def own_folder(path: Path, mode: int) -> None:
    """A folder of ours in a place where all users may write. A folder of another user is refused."""
    path.mkdir(exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise Refusal(f"{path} belongs to another user; remove it or choose another PRIDE_HOME.")
    path.chmod(mode)


def read_json(path: Path) -> dict[str, Any]:
    """A file written by `write_json`, or nothing."""
    try:
        found: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found


def write_json(path: Path, content: dict[str, str]) -> None:
    """Put a file in place whole, readable by its owner alone."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(content, file, indent=2)
        file.write("\n")
    draft.replace(path)
