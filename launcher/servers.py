"""PostgreSQL and Valkey: those of the environment, otherwise embedded ones."""

import os
from collections.abc import Callable

from launcher.data_dir import Home
from launcher.postgres import Postgres
from launcher.supervisor import Supervisor
from launcher.valkey import Valkey


def start_servers(
    supervisor: Supervisor,
    home: Home,
    lock: int,
    throwaway: bool = False,
    report: Callable[[str], None] = lambda what: None,
) -> dict[str, str]:
    """Start what the environment does not name, wait until it answers, return where both are.

    `report` is called with the name of each server before it starts.
    """
    urls = {name: os.environ.get(name, "") for name in ("DATABASE_URL", "REDIS_URL")}
    if not urls["DATABASE_URL"]:
        report("database: PostgreSQL")
        urls["DATABASE_URL"] = start_postgres(supervisor, home, lock, throwaway)
    if not urls["REDIS_URL"]:
        report("queue and cache: Valkey")
        urls["REDIS_URL"] = start_valkey(supervisor, home, lock)
    return urls


def start_postgres(supervisor: Supervisor, home: Home, lock: int, throwaway: bool) -> str:
    postgres = Postgres(home, throwaway)
    supervisor.start(postgres.part(lock))
    supervisor.wait_until(postgres.answers, f"PostgreSQL did not start ({postgres.log})", 60)
    return postgres.url


def start_valkey(supervisor: Supervisor, home: Home, lock: int) -> str:
    valkey = Valkey(home)
    supervisor.start(valkey.part(lock))
    supervisor.wait_until(valkey.answers, f"Valkey did not start ({home.logs / 'valkey.log'})", 60)
    return valkey.url
