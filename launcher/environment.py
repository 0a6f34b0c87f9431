"""The kind of installation that `up` starts, and the environment of its parts."""

import re
import socket
from collections.abc import Mapping

from launcher.data_dir import Home
from launcher.errors import Refusal

# Without these a real installation would sign with nothing, or lose texts and emails in silence.
SECRETS = ["SECRET_KEY", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"]
MIN_SECRET_LENGTH = 32
REAL = [*SECRETS, "PUBLIC_URL", "ALERT_NUMBER", "EMAIL_URL", "DEFAULT_FROM_EMAIL"]
TOLD = ["DATABASE_URL", "REDIS_URL", "SANDBOX", "PORT", "PUBLIC_URL", "TWILIO_API_BASE_URL", "PRIDE_HOME"]


def is_sandbox(refused: bool, given: Mapping[str, str]) -> bool:
    """Whether to be a sandbox: unless that is refused, or there are Twilio credentials."""
    wanted = given.get("SANDBOX", "").strip().lower()
    if refused or wanted in ("0", "false", "no", "off"):
        return False
    if wanted and given.get("TWILIO_ACCOUNT_SID"):
        raise Refusal("SANDBOX=1 with TWILIO_ACCOUNT_SID: a sandbox must never hold real credentials. Unset one.")
    return not given.get("TWILIO_ACCOUNT_SID")


def refuse_if_incomplete(given: Mapping[str, str]) -> None:
    """A real installation does not start on guesses."""
    missing = [name for name in REAL if not given.get(name)]
    if missing:
        raise Refusal(f"Without the sandbox these must be in the environment: {', '.join(missing)}.")
    if short := short_secrets({name: given[name] for name in ("SECRET_KEY", "TWILIO_AUTH_TOKEN")}):
        raise Refusal(short)
    if fault := alert_number_fault(given["ALERT_NUMBER"]):
        raise Refusal(fault)


def short_secrets(secrets: Mapping[str, str]) -> str:
    """Return why these secrets are refused, "" if they are long enough. An empty one is another error."""
    short = [name for name, value in secrets.items() if value and len(value) < MIN_SECRET_LENGTH]
    return f"{', '.join(short)}: shorter than {MIN_SECRET_LENGTH} characters." if short else ""


def alert_number_fault(number: str) -> str:
    """Return why alerts cannot be sent from this number, "" if they can. An empty one is another error."""
    is_e164 = re.fullmatch(r"\+[1-9][0-9]{7,14}", number, re.ASCII)
    if is_e164 or not number:
        return ""
    return f"ALERT_NUMBER: {number[:20]} is not a phone number in E.164 form, such as +19495550100."


def without_secrets(given: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a sandbox, with its own secrets, independent of the shell's variables."""
    return {name: value for name, value in given.items() if name not in SECRETS}


def bind(port: str) -> socket.socket:
    """Take the port now: nothing is started in vain, and clients wait in line while the web part restarts."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", int(port)))
        listener.listen(2048)
    except (ValueError, OverflowError):
        raise Refusal(f"PORT={port} is not a port number.") from None
    except OSError as error:
        raise Refusal(f"Port {port} cannot be used ({error.strerror}): set PORT to another one.") from None
    return listener


def free_port() -> int:
    """Return an unused loopback port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def describe(home: Home, port: int, sandbox: bool, given: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of each part, without the servers' addresses."""
    told = {
        "PRIDE_HOME": str(home.path),
        "PORT": str(port),
        "PUBLIC_URL": given.get("PUBLIC_URL") or f"http://127.0.0.1:{port}",
        "SANDBOX": "1" if sandbox else "0",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "MALLOC_ARENA_MAX": "2",  # glibc's default lets each thread keep separate memory
    }
    if sandbox:
        emulator = free_port()
        told |= {"EMULATOR_PORT": str(emulator), "TWILIO_API_BASE_URL": f"http://127.0.0.1:{emulator}"}
    return told
