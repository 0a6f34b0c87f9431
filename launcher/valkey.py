"""The embedded Valkey: Celery's broker and the cache. It may be lost: nothing is kept in it alone."""

import socket
from pathlib import Path

from launcher.data_dir import Home
from launcher.process import Part
from launcher.server_programs import valkey_server


class Valkey:
    """The Valkey of a home."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.socket = home.sockets / "valkey"
        self.data = home.path / "valkey"

    @property
    def url(self) -> str:
        return f"redis+socket://{self.socket}"

    def part(self, lock: int) -> Part:
        """The server, which listens on its socket alone."""
        self.data.mkdir(mode=0o700, exist_ok=True)
        return Part("valkey", self.command(), log=self.home.logs / "valkey.log", keeps=[lock])

    def command(self) -> list[str | Path]:
        reached = ["--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "700"]
        return [valkey_server(), *reached, "--dir", self.data, "--appendonly", "yes", "--save", ""]

    def answers(self) -> bool:
        """Whether it has read its data and takes commands."""
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(1)
                client.connect(str(self.socket))
                client.sendall(b"PING\r\n")
                return client.recv(5) == b"+PONG"
        except OSError:
            return False
