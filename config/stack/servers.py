"""PostgreSQL and Valkey for whoever needs them: those the environment names, else embedded ones."""

import os

from config.stack.home import Home
from config.stack.postgres import Postgres
from config.stack.supervisor import Supervisor
from config.stack.valkey import Valkey


def start_servers(supervisor: Supervisor, home: Home, lock: int, throwaway: bool = False) -> dict[str, str]:
    """Start what the environment does not name, wait until it answers, return where both are."""
    return {
        "DATABASE_URL": os.environ.get("DATABASE_URL") or start_postgres(supervisor, home, lock, throwaway),
        "REDIS_URL": os.environ.get("REDIS_URL") or start_valkey(supervisor, home, lock),
    }


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
