"""A whole `./pride up` as real processes: `with reachable_folder() as folder, running(folder) as stack:`."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
from redis import Redis

from launcher.process import die_with_us

CHECKOUT = Path(__file__).resolve().parents[2]
PATIENCE = 120  # seconds; the machine may be busy, and a test never measures time
MARKS = {  # what tells the parts apart in a process's command line
    "web": "gunicorn",
    "worker": "celery",
    "beat": "config.beat",
    "emulator": "sandbox.twilio",
    "postgres": "/bin/postgres",
    "valkey": "valkey-server",
}
OURS = ("DATABASE_URL", "REDIS_URL", "PUBLIC_URL", "TWILIO_API_BASE_URL", "EMULATOR_PORT")  # a stack has its own


class Stack:
    """One `./pride up` on a free port, in its own home."""

    def __init__(self, home: Path, environment: Mapping[str, str]) -> None:
        self.home = home
        inherited = {name: value for name, value in os.environ.items() if name not in OURS}
        self.environment = inherited | {"PRIDE_HOME": str(home), "PORT": "0", "SANDBOX": "1"} | dict(environment)
        self.said = home.with_suffix(".said")

    def start(self, *options: str) -> None:
        """Start it and wait until it says that it is ready."""
        with open(self.said, "wb") as said:
            self.process = subprocess.Popen(
                [CHECKOUT / "pride", "up", *options],
                env=self.environment,
                stdout=said,
                stderr=said,
                preexec_fn=die_with_us(signal.SIGTERM),
            )
        wait_until(lambda: "Pridedesk is ready" in self.words or self.process.poll() is not None)
        assert self.process.poll() is None, self.words

    @property
    def words(self) -> str:
        """All that it has said at the terminal."""
        return self.said.read_text()

    @property
    def demo(self) -> dict[str, str]:
        return dict(json.loads((self.home / "demo.json").read_text()))

    @property
    def run(self) -> dict[str, str]:
        return dict(json.loads((self.home / "run.json").read_text()))

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.run['PORT']}"

    @property
    def token(self) -> str:
        """The demo user's access token."""
        return self.demo["access_token"]

    def client(self, token: str | None = None) -> httpx.Client:
        """An HTTP client with a token, the demo user's by default."""
        headers = {"Authorization": f"Bearer {token or self.token}"}
        return httpx.Client(base_url=self.base_url, headers=headers, timeout=30)

    def pride(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run another `./pride` command on the same home."""
        command = [CHECKOUT / "pride", *arguments]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)

    def make_user(self, email: str, *options: str) -> str:
        """Make a user as an operator would; returns an access token of theirs."""
        made = self.pride("user", email, "--password", "a long pass phrase", *options)
        assert made.returncode == 0, made.stderr + self.words
        return self.pride("token", email).stdout.strip()

    def pid(self, part: str) -> int | None:
        """The process of a part, if it runs."""
        return next((pid for pid in children(self.process.pid) if MARKS[part] in command_line(pid)), None)

    def kill(self, part: str) -> int:
        """Kill -9 a part. Returns the process that was."""
        pid = self.pid(part)
        assert pid, f"{part} does not run"
        os.kill(pid, signal.SIGKILL)
        return pid

    @contextmanager
    def frozen(self, part: str) -> Iterator[None]:
        """A part that stands still with all its processes, and goes on afterwards."""
        leader = self.pid(part)
        assert leader, f"{part} does not run"
        processes = [leader, *descendants(leader)]
        for pid in processes:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in processes:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def wait_for_another(self, part: str, killed: int) -> None:
        """Wait until a part runs again as another process."""
        wait_until(lambda: self.pid(part) not in (None, killed))

    def forget_beat(self) -> None:
        """Drop the proof that beat and worker live, so that `/readyz` must see a new one."""
        with Redis.from_url(self.run["REDIS_URL"].replace("redis+socket://", "unix://")) as valkey:
            for key in valkey.scan_iter("*beat-seen*"):
                valkey.delete(key)

    def is_ready(self) -> bool:
        """Whether `/readyz` is content."""
        try:
            return httpx.get(f"{self.base_url}/readyz", timeout=10).status_code == 200
        except httpx.TransportError:
            return False

    def wait_until_ready(self) -> None:
        wait_until(self.is_ready)

    def end(self, number: signal.Signals = signal.SIGTERM) -> list[int]:
        """End the supervisor by a signal and wait for all its processes; returns those that stayed."""
        processes = descendants(self.process.pid)
        self.process.send_signal(number)
        self.process.wait(PATIENCE)
        wait_until(lambda: not any(map(is_alive, processes)), patience=20, or_else=lambda: None)
        return [pid for pid in processes if is_alive(pid)]


@contextmanager
def reachable_folder() -> Iterator[Path]:
    """A folder that PostgreSQL's account can get into, as pytest's own cannot be."""
    folder = Path(tempfile.mkdtemp(prefix="pride-test-", dir="/tmp")).resolve()
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def running(folder: Path, *options: str, **environment: str) -> Iterator[Stack]:
    """A stack that is ready, and stopped at the end."""
    stack = Stack(folder / "home", environment)
    stack.start(*options)
    try:
        yield stack
    finally:
        if stack.process.poll() is None:
            stack.end()


def fail() -> None:
    raise AssertionError("It did not come to pass.")


def wait_until(holds: Callable[[], bool], patience: float = PATIENCE, or_else: Callable[[], None] = fail) -> None:
    """Look again and again until something holds."""
    until = time.monotonic() + patience
    while not holds():
        if time.monotonic() > until:
            return or_else()
        time.sleep(0.05)
    return None


def children(pid: int) -> list[int]:
    """The processes that a process has started (Linux)."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def descendants(pid: int) -> list[int]:
    """Those, and all that they have started."""
    return [each for child in children(pid) for each in (child, *descendants(child))]


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def is_alive(pid: int) -> bool:
    """Whether a process runs; a dead one that nobody has asked about yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
