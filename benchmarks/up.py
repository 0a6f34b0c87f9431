"""A complete `./pride up`, as a new user starts it, with its own PRIDE_HOME."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.place import INSTALLATION
from launcher.process import die_with_us

OWN = ("DATABASE_URL", "REDIS_URL")  # `up` starts its own servers
PATIENCE = 180  # seconds until it must be ready


class Up:
    """A running `./pride up`, in the sandbox."""

    def __init__(self, home: Path) -> None:
        self.home = home
        kept = {name: value for name, value in os.environ.items() if name not in (*OWN, *INSTALLATION)}
        said = home.with_suffix(".said")
        with open(said, "wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "launcher", "up"],
                env=kept | {"PRIDE_HOME": str(home), "PORT": "0", "SANDBOX": "1"},
                stdout=out,
                stderr=out,
                preexec_fn=die_with_us(signal.SIGTERM),
            )
        until = time.monotonic() + PATIENCE
        while "Pridedesk is ready" not in said.read_text():
            if self.process.poll() is not None or time.monotonic() > until:
                self.stop()
                raise RuntimeError(f"`up` did not get ready:\n{said.read_text()}")
            time.sleep(0.1)

    @property
    def port(self) -> int:
        return int(self.told("run.json")["PORT"])

    @property
    def token(self) -> str:
        """Of the demo account."""
        return str(self.told("demo.json")["access_token"])

    @property
    def database_url(self) -> str:
        return str(self.told("run.json")["DATABASE_URL"])

    def told(self, name: str) -> dict[str, Any]:
        """What `up` has written down of itself."""
        content: dict[str, Any] = json.loads((self.home / name).read_text())
        return content

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()
