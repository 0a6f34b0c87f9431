"""The clients: keep-alive connections, in a separate process, the same for both sides.

A script is a generator: it yields a request as bytes and receives the body of the answer. One thread serves all
connections, which costs less processor time than several threads.
"""

import json
import multiprocessing
import selectors
import socket
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

Script = Callable[[], Generator[bytes, bytes, None]]

CONNECTIONS = 8
FORK = multiprocessing.get_context("fork")  # a script may be any closure


class BadAnswer(Exception):
    """A server answered with an error."""


@dataclass(frozen=True)
class Load:
    """What the clients saw."""

    answers: int
    seconds: float
    cpu_seconds: float  # of the clients themselves


def request(method: str, path: str, token: str = "", body: object = None) -> bytes:
    """A request as it travels."""
    content = b"" if body is None else json.dumps(body).encode()
    headers = [f"{method} {path} HTTP/1.1", "Host: bench", f"Content-Length: {len(content)}"]
    headers += [f"Authorization: Bearer {token}"] if token else []
    headers += ["Content-Type: application/json"] if content else []
    return "\r\n".join([*headers, "", ""]).encode() + content


def drive(port: int, script: Script, *, seconds: float = 3600, answers: int = 1_000_000_000) -> Load:
    """Talk to the server at `port` for so long, or until so many answers have come."""
    receiver, sender = FORK.Pipe(duplex=False)
    child = FORK.Process(target=talk, args=(sender, port, script, seconds, answers))
    child.start()
    sender.close()
    try:
        outcome = receiver.recv()
    except EOFError:
        raise BadAnswer("The clients ended without a result.") from None
    finally:
        child.join()
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def talk(result: Connection, port: int, script: Script, seconds: float, answers: int) -> None:
    """The life of the clients' process."""
    try:
        result.send(converse(port, script, seconds, answers))
    except Exception as error:  # any error: the benchmark shows it
        result.send(BadAnswer(f"{type(error).__name__}: {error}"))


def converse(port: int, script: Script, seconds: float, answers: int) -> Load:
    selector = selectors.DefaultSelector()
    for _ in range(CONNECTIONS):
        conversation = Conversation(port, script())
        selector.register(conversation.socket, selectors.EVENT_READ, conversation)
        conversation.begin()
    heard, started_at, cpu = 0, time.perf_counter(), time.process_time()
    while heard < answers and (left := started_at + seconds - time.perf_counter()) > 0:
        for key, _ in selector.select(left):
            heard += key.data.hear()
    load = Load(heard, time.perf_counter() - started_at, time.process_time() - cpu)
    for key in list(selector.get_map().values()):
        key.data.end()  # the last answers are awaited, so that the next measurement finds an idle server
    return load


class Conversation:
    """One connection and the script that speaks on it."""

    def __init__(self, port: int, script: Generator[bytes, bytes, None]) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.script = script
        self.heard = b""

    def begin(self) -> None:
        self.socket.sendall(next(self.script))

    def hear(self) -> int:
        """Read what has come; when that makes a whole answer, ask the next thing. Returns how many answers it was."""
        body = self.read()
        if body is None:
            return 0
        self.heard = b""
        self.socket.sendall(self.script.send(body))
        return 1

    def end(self) -> None:
        while self.read() is None:
            pass
        self.socket.close()

    def read(self) -> bytes | None:
        """One piece of an answer; the body once the answer is whole."""
        piece = self.socket.recv(262_144)
        if not piece:
            raise BadAnswer("The server closed the connection.")
        self.heard += piece
        head, blank, rest = self.heard.partition(b"\r\n\r\n")
        if not blank:
            return None
        body = body_of(head.lower(), rest)
        if body is not None and head[9:10] != b"2":
            raise BadAnswer((head.partition(b"\r\n")[0] + b" " + body[:2000]).decode(errors="replace"))
        return body


def body_of(head: bytes, rest: bytes) -> bytes | None:
    """The body after a head, if all of it is there."""
    _, found, length = head.partition(b"content-length:")
    if found:
        return rest if len(rest) >= int(length.split(b"\r\n", 1)[0]) else None
    return dechunked(rest) if rest.endswith(b"0\r\n\r\n") else None


def dechunked(rest: bytes) -> bytes:
    body = b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        body, rest = body + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
    return body


def loaded(body: bytes) -> Any:
    """The JSON of an answer."""
    return json.loads(body)
