"""`./pride up` as a person or a script meets it: real processes, real signals."""

import json
import os
import signal
import socket
import stat
import subprocess
from http.client import HTTPResponse
from pathlib import Path

import httpx
import pytest
from redis.exceptions import ConnectionError as Unreachable

from launcher.environment import REAL
from tests.launcher.running import CHECKOUT, Stack, running, wait_until

pytestmark = pytest.mark.stack


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def sockets(stack: Stack) -> Path:
    return Path(stack.run["REDIS_URL"].removeprefix("redis+socket://")).parent


def test_it_answers_for_itself_and_for_its_parts(stack: Stack) -> None:
    assert httpx.get(f"{stack.base_url}/healthz").status_code == 200
    stack.forget_beat()
    stack.wait_until_ready()


def test_it_tells_a_newcomer_what_to_do_next(stack: Stack) -> None:
    for hint in (
        stack.base_url,
        "/docs",
        "/admin",
        stack.demo["email"],
        stack.demo["password"],
        stack.token,
        "curl",
        "./pride demo",
    ):
        assert hint in stack.words


def test_it_shows_each_step_while_it_starts(stack: Stack) -> None:
    steps = ("database: PostgreSQL", "Valkey", "migrations", "services: web, worker, beat", "is ready")

    found = [stack.words.index(step) for step in steps]

    assert found == sorted(found)


def test_the_parts_start_without_a_word_of_what_is_not_there_yet(stack: Stack) -> None:
    for part in ("emulator", "postgres"):
        assert "does not exist" not in (stack.home / "logs" / f"{part}.log").read_text()


def test_the_demo_token_opens_the_api(stack: Stack) -> None:
    with stack.client() as client:
        assert client.get("/me").json()["email"] == stack.demo["email"]


def test_a_body_may_come_in_chunks(stack: Stack) -> None:
    with stack.client() as client:
        made = client.post("/tags", content=iter([b'{"content":', b' "Came in chunks"}']))
        assert made.json()["content"] == "Came in chunks"


@pytest.mark.contract("Errors", "What is no HTTP, or too long for it, is answered in the same shape", "ours")
@pytest.mark.parametrize(
    ("request_line", "header", "status"),
    [
        ("GET /contacts?email=" + 9000 * "x", "", 414),
        ("GET /contacts", "X-Much: " + 9000 * "x", 431),
        ("GET /contacts", "X Much: y", 400),
        ("nonsense", "", 400),
        ("GET /contacts", "Transfer-Encoding: nonsense", 501),
    ],
)
def test_what_cannot_be_read_is_answered_as_everything_else(
    stack: Stack, request_line: str, header: str, status: int
) -> None:
    with socket.create_connection(("127.0.0.1", int(stack.run["PORT"])), timeout=30) as connection:
        connection.sendall(f"{request_line} HTTP/1.1\r\nHost: localhost\r\n{header}\r\n\r\n".encode())
        answer = HTTPResponse(connection)
        answer.begin()
        body = json.loads(answer.read())
    assert (answer.status, answer.getheader("Content-Type")) == (status, "application/json")
    assert (body["code"], body["errors"], body.keys()) == (
        status,
        {},
        {"name", "message", "code", "className", "errors"},
    )


def test_nobody_else_can_read_its_secrets_or_reach_its_servers(stack: Stack) -> None:
    assert [mode(stack.home / name) for name in ("demo.json", "run.json")] == [0o600, 0o600]
    assert mode(stack.home / "logs") == 0o700
    for server in sockets(stack).iterdir():  # a closed folder for PostgreSQL, a closed socket for Valkey
        assert mode(server) == 0o700
    assert sockets(stack).stat().st_uid == os.getuid()


def test_a_second_up_in_the_same_home_refuses_in_one_line(stack: Stack) -> None:
    second = stack.pride("up")
    assert second.returncode == 1
    assert second.stderr == f"pride: Pridedesk is already running in {stack.home} at {stack.base_url}.\n"
    assert stack.is_ready()


def test_a_taken_port_is_refused_in_one_line(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        refused = Stack(folder / "home", {"PORT": port}).pride("up")
    assert refused.returncode == 1
    assert refused.stderr == f"pride: Port {port} cannot be used (Address already in use): set PORT to another one.\n"
    assert not (folder / "home").exists()


def test_real_credentials_and_the_sandbox_exclude_each_other(folder: Path) -> None:
    refused = Stack(folder / "home", {"TWILIO_ACCOUNT_SID": "AC" + 32 * "0"}).pride("up")
    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 1
    assert "TWILIO_ACCOUNT_SID" in refused.stderr


def test_without_the_sandbox_it_names_what_is_missing(folder: Path) -> None:
    refused = Stack(folder / "home", {"PUBLIC_URL": "https://crm.example.com"}).pride("up", "--no-sandbox")
    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 1
    assert "SECRET_KEY" in refused.stderr
    assert "PUBLIC_URL" not in refused.stderr


def test_without_the_sandbox_it_refuses_a_short_secret(folder: Path) -> None:
    given = dict.fromkeys(REAL, "x" * 32) | {"SECRET_KEY": "short"}
    refused = Stack(folder / "home", given).pride("up", "--no-sandbox")
    assert (refused.returncode, refused.stderr) == (1, "pride: SECRET_KEY: shorter than 32 characters.\n")


def test_without_the_sandbox_it_refuses_an_alert_number_that_cannot_be_texted_from(folder: Path) -> None:
    given = dict.fromkeys(REAL, "x" * 32) | {"ALERT_NUMBER": "(949) 555-0100"}
    refused = Stack(folder / "home", given).pride("up", "--no-sandbox")
    assert refused.returncode == 1
    assert "ALERT_NUMBER: (949) 555-0100 is not" in refused.stderr


def test_commands_find_the_running_service(stack: Stack) -> None:
    token = stack.make_user("erin@example.com", "--first-name", "Erin")
    with stack.client(token) as client:
        assert client.get("/me").json()["first_name"] == "Erin"
    assert stack.pride("manage", "shell", "-c", "print(6 * 7)").stdout.strip().endswith("42")


def test_commands_say_when_nothing_runs(folder: Path) -> None:
    refused = Stack(folder / "home", {}).pride("token", "erin@example.com")
    assert refused.returncode == 1
    assert refused.stderr.startswith("pride: Nothing runs in ")
    assert len(refused.stderr.splitlines()) == 1


def test_a_command_explains_itself_under_its_own_name(stack: Stack) -> None:
    explained = stack.pride("user", "--help").stdout
    assert explained.startswith("usage: pride user [-h] [--password PASSWORD]")
    assert "--settings" not in explained
    assert stack.pride("token").stderr.endswith("pride token: error: the following arguments are required: email\n")


def test_an_unknown_command_is_answered_with_the_usage() -> None:
    answered = subprocess.run([CHECKOUT / "pride", "dance"], capture_output=True, text=True, check=False)
    assert answered.returncode == 2
    assert "usage: ./pride" in answered.stderr


@pytest.mark.parametrize("part", ["web", "worker", "beat", "emulator", "valkey", "postgres"])
def test_a_killed_part_comes_back_and_all_works_again(stack: Stack, part: str) -> None:
    killed = stack.kill(part)
    stack.wait_for_another(part, killed)
    wait_until(lambda: try_to_forget_beat(stack))
    stack.wait_until_ready()
    with stack.client() as client:  # each of the web's processes finds its way back by itself
        wait_until(lambda: client.get("/me").status_code == 200)


def try_to_forget_beat(stack: Stack) -> bool:
    """False while Valkey is still coming back."""
    try:
        stack.forget_beat()
    except Unreachable:
        return False
    return True


def test_what_was_acknowledged_outlives_a_killed_supervisor(folder: Path) -> None:
    with running(folder) as stack:
        with stack.client() as client:
            made = client.post("/contacts", json={"first_name": "Ann", "email": "ann@example.com"}).json()
        before = stack.demo
        assert stack.end(signal.SIGKILL) == []

        stack.start()
        assert {**stack.demo, "base_url": 0, "public_url": 0} == {**before, "base_url": 0, "public_url": 0}
        with stack.client() as client:
            assert client.get(f"/contacts/{made['id']}").json()["email"] == "ann@example.com"

        reached = sockets(stack)
        assert stack.end(signal.SIGTERM) == []
        assert stack.process.returncode == 0
        assert not reached.exists()
        assert not (stack.home / "run.json").exists()
