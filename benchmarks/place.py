"""Where a bench happens: fresh databases on one PostgreSQL, and the servers that are measured."""

import http.client
import os
import subprocess
import sys
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from django.core.management import call_command
from django.db import connection
from psycopg import sql

from benchmarks import load
from benchmarks.measure import Sample
from benchmarks.processes import cpu_seconds
from launcher.environment import bind
from launcher.process import Part
from launcher.services import web

PRODUCT, BARE, TWIN = "pridebench_product", "pridebench_bare", "pridebench_twin"
PRODUCT_APP, BARE_APP, NO_APP = "config.wsgi", "benchmarks.bare.wsgi", "benchmarks.bare.nothing"
COUNTING_APP = "benchmarks.counting"

# An installation that would really text, were its gateway not null.
INSTALLATION = {
    "DJANGO_SETTINGS_MODULE": "config.settings",
    "SANDBOX": "0",
    "PUBLIC_URL": "https://crm.example.com",
    "TEXT_GATEWAY": "messaging.gateways.null.NullGateway",
    "TEXTS_TO_UNKNOWN_CONSENT": "allow",
    "TWILIO_ACCOUNT_SID": "AC" + 32 * "0",
    "TWILIO_AUTH_TOKEN": 32 * "0",
    "TWILIO_API_BASE_URL": "",
    "ALERT_NUMBER": "+19495550100",
    "EMAIL_URL": "dummymail://",
    "DATABASE_PREPARED": "0",  # in this process, which is a worker; the web part has its own
}


class Server:
    """gunicorn as `up` runs it, with any application."""

    def __init__(self, application: str, environment: Mapping[str, str], logs: Path) -> None:
        listener = bind("0")
        self.port: int = listener.getsockname()[1]
        command = [application if word == PRODUCT_APP else word for word in web(listener.fileno())]
        log = logs / f"{application}.log"
        self.part = Part(
            application, [sys.executable, *command], log, dict(environment), keeps=[listener.fileno()], patience=5
        )
        self.part.start()
        listener.close()
        self.ask_once()

    def ask_once(self) -> None:
        """Wait until the server answers, with any status."""
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        client.request("GET", "/healthz")
        client.getresponse().read()
        client.close()

    @property
    def pid(self) -> int:
        assert self.part.process
        return self.part.process.pid

    def answer(self, script: load.Script, seconds: float, requests_each: int = 1) -> Sample:
        """How many operations a second it does for our clients, and what each costs it."""
        cpu = cpu_seconds(self.pid)
        seen = load.drive(self.port, script, seconds=seconds)
        cpu = cpu_seconds(self.pid) - cpu
        operations = seen.answers / requests_each
        return Sample(operations / seen.seconds, 1000 * cpu / operations)

    def stop(self) -> None:
        self.part.ask_to_stop()
        self.part.wait_until_stopped()


class Place:
    """Databases and servers of one workload; everything begins empty, and ends with it."""

    def __init__(self, home: Path, quick: bool) -> None:
        self.home = home
        self.quick = quick
        self.servers: list[Server] = []

    def __enter__(self) -> "Place":
        connection.close()
        connection.close_pool()
        for name in (PRODUCT, BARE):
            create(name, template=f"{name}_template")
        return self

    def __exit__(self, *error: object) -> None:
        for server in self.servers:
            server.stop()

    def size(self, full: int) -> int:
        """How many rows or requests: a tenth when it must be quick."""
        return full // 10 if self.quick else full

    @property
    def seconds(self) -> float:
        """How long one side is asked in one round."""
        return 0.5 if self.quick else 1.5

    @cached_property
    def product(self) -> Server:
        """The service on its database."""
        return self.serve(PRODUCT_APP, os.environ | {"DATABASE_PREPARED": "1"})

    @cached_property
    def bare(self) -> Server:
        """The bare Django REST framework service on its own."""
        return self.serve(BARE_APP, bare_environment())

    @cached_property
    def counting(self) -> Server:
        """The service on its database, which counts instead of keeping totals."""
        return self.serve(COUNTING_APP, os.environ | {"DATABASE_PREPARED": "1"})

    def twin(self) -> Server:
        """The service on a copy of its current database."""
        connection.close()
        connection.close_pool()
        create(TWIN, template=PRODUCT)
        settle(TWIN)
        return self.serve(PRODUCT_APP, os.environ | {"DATABASE_PREPARED": "1", "DATABASE_URL": url_of(TWIN)})

    def serve(self, application: str, environment: Mapping[str, str]) -> Server:
        server = Server(application, environment, self.home)
        self.servers.append(server)
        return server

    @cached_property
    def bare_database(self) -> "psycopg.Connection[tuple[object, ...]]":
        """A session in the bare service's database."""
        return psycopg.connect(url_of(BARE), autocommit=True)

    def settle(self) -> None:
        """What was loaded is vacuumed and its statistics known, as after a quiet night."""
        for name in (PRODUCT, BARE):
            settle(name)


def settle(database: str) -> None:
    with psycopg.connect(url_of(database), autocommit=True) as session:
        session.execute("VACUUM ANALYZE")
        session.execute("CHECKPOINT")


def url_of(database: str) -> str:
    """DATABASE_URL with another database."""
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{database}").geturl()


def bare_environment() -> dict[str, str]:
    """The product's settings except for the database: pool, memory and threads are the same."""
    return os.environ | {"DJANGO_SETTINGS_MODULE": "benchmarks.bare.settings", "DATABASE_URL": url_of(BARE)}


def create(name: str, template: str) -> None:
    """A new database in place of the old one."""
    drop(name)
    maintain(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))


def drop(name: str) -> None:
    maintain(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def maintain(statement: sql.Composed) -> None:
    """Run a statement outside of the databases that it is about, such as CREATE DATABASE."""
    with psycopg.connect(url_of("postgres"), autocommit=True) as session:
        session.execute(statement)


def make_templates() -> None:
    """Both schemas, each in a database to copy."""
    for name in (PRODUCT, BARE):
        drop(f"{name}_template")
        create(name, template="template1")
    call_command("migrate", interactive=False, verbosity=0)
    connection.close()
    connection.close_pool()
    syncdb = [sys.executable, "-m", "django", "migrate", "--run-syncdb", "-v", "0"]
    subprocess.run(syncdb, env=bare_environment(), check=True)
    for name in (PRODUCT, BARE):
        rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
        maintain(rename.format(sql.Identifier(name), sql.Identifier(f"{name}_template")))


def remove_all() -> None:
    """Nothing of the bench stays on the server."""
    connection.close()
    connection.close_pool()
    for name in (PRODUCT, BARE):
        drop(name)
        drop(f"{name}_template")
    drop(TWIN)


def server_settings() -> dict[str, str]:
    """What PostgreSQL promises: without fsync the figures would flatter."""
    names = ["server_version", "fsync", "synchronous_commit", "full_page_writes", "shared_buffers"]
    with psycopg.connect(url_of("postgres")) as session:
        rows = session.execute("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [names]).fetchall()
    return dict(rows)
