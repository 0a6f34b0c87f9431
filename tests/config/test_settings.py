"""What settings refuse, and how docker-compose passes them on."""

import json
import os
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.launcher.running import CHECKOUT
from tests.test_docs import settings_in_readme

REAL = {
    "SANDBOX": "0",
    "SECRET_KEY": "a secret for a test, of 38 characters.",
    "EMAIL_URL": "smtp://mail.example.com",
    "DATABASE_URL": "postgres://nobody@127.0.0.1:1/nothing",
    "REDIS_URL": "redis://127.0.0.1:1",
}


def loading_settings(**environment: str) -> str:
    """What Python says when the settings are read with this environment; empty when they load."""
    told = {"PATH": os.environ["PATH"]} | environment
    command = [sys.executable, "-c", "import config.settings"]
    return subprocess.run(command, env=told, capture_output=True, text=True, check=False).stderr


def test_a_real_installation_starts_with_all_it_needs():
    assert loading_settings(**REAL) == ""


@pytest.mark.parametrize("name", ["SECRET_KEY", "EMAIL_URL", "DATABASE_URL", "REDIS_URL"])
def test_a_real_installation_does_not_start_without(name: str):
    assert name in loading_settings(**{key: value for key, value in REAL.items() if key != name})


@pytest.mark.parametrize("address", ["", "https://api.twilio.com"])
def test_a_sandbox_does_not_start_with_real_credentials(address: str):
    sandbox = REAL | {"SANDBOX": "1", "TWILIO_ACCOUNT_SID": "AC0", "TWILIO_API_BASE_URL": address}
    assert "a test clock must never send real texts" in loading_settings(**sandbox)


def test_no_program_may_be_called_back_by_a_script():
    assert "REDIRECT_SCHEMES may not name javascript" in loading_settings(**REAL, REDIRECT_SCHEMES="myapp,JavaScript")


def test_trusted_proxies_are_addresses():
    assert "TRUSTED_PROXIES" in loading_settings(**REAL, TRUSTED_PROXIES="127.0.0.1,caddy")
    assert loading_settings(**REAL, TRUSTED_PROXIES="127.0.0.1, 172.16.0.0/12, ::1") == ""


def test_an_empty_variable_is_an_unset_one():
    empty = dict.fromkeys(["DATABASE_POOL", "THROTTLE_PER_USER", "TEXTS_TO_UNKNOWN_CONSENT", "DEFAULT_REGION"], "")

    assert loading_settings(**REAL, **empty) == ""
    assert "SECRET_KEY" in loading_settings(**REAL | {"SECRET_KEY": ""})


@pytest.mark.parametrize("name", ["SECRET_KEY", "TWILIO_AUTH_TOKEN"])
def test_a_real_installation_refuses_a_secret_that_can_be_guessed(name: str):
    assert f"{name}: shorter than 32 characters" in loading_settings(**REAL | {name: "x" * 31})
    assert loading_settings(**REAL | {name: "x" * 32}) == ""


@pytest.mark.parametrize("number", ["(949) 555-0100", "9495550100", "+1 949 555 0100", "+1949555010\n", "Pride"])
@pytest.mark.parametrize("sandbox", ["0", "1"])
def test_an_alert_number_that_cannot_be_texted_from_is_refused(number: str, sandbox: str, tmp_path: Path):
    given = REAL | {"SANDBOX": sandbox, "PRIDE_HOME": str(tmp_path / "home"), "ALERT_NUMBER": number}
    refused = loading_settings(**given)

    assert "ALERT_NUMBER" in refused
    assert "such as +19495550100" in refused
    assert loading_settings(**given | {"ALERT_NUMBER": "+19495550100"}) == ""


def secrets_of_sandbox(home: Path) -> subprocess.Popen[str]:
    asked = "from config import settings as s; print(s.SECRET_KEY, s.TWILIO_ACCOUNT_SID, s.TWILIO_AUTH_TOKEN)"
    told = {"PATH": os.environ["PATH"], "DATABASE_URL": REAL["DATABASE_URL"], "REDIS_URL": REAL["REDIS_URL"]}
    told |= {"SANDBOX": "1", "PRIDE_HOME": str(home)}
    return subprocess.Popen([sys.executable, "-c", asked], env=told, stdout=subprocess.PIPE, text=True)


def test_a_sandbox_keeps_random_secrets_which_its_processes_share(tmp_path: Path):
    """However many start at once in a home that is new."""
    started = [secrets_of_sandbox(tmp_path / "home") for _ in range(4)]
    (printed,) = {process.communicate()[0] for process in started}

    assert len(min(printed.split(), key=len)) >= 32
    assert [file.name for file in (tmp_path / "home").iterdir()] == ["sandbox-seed"]
    assert (tmp_path / "home" / "sandbox-seed").stat().st_mode & 0o777 == 0o600
    shutil.rmtree(tmp_path / "home")
    assert secrets_of_sandbox(tmp_path / "home").communicate()[0] != printed


# docker-compose

NOT_IN_CONTAINERS = {"PRIDE_HOME", "PYTHON", "EMULATOR_PORT"}  # of ./pride and its sandbox
PUBLISHED = {"PORT"}  # the address on the host; inside the container it is always 8000


def services() -> dict[str, Any]:
    return dict(yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text())["services"])


@pytest.mark.parametrize("service", ["web", "worker", "beat", "migrate"])
def test_docker_compose_passes_every_setting_to_each_service(service: str):
    passed = set(services()[service]["environment"])

    assert settings_in_readme() - passed == NOT_IN_CONTAINERS | PUBLISHED
    assert passed - settings_in_readme() == {"PGPASSWORD"}
    assert "127.0.0.1:${PORT:-8000}:8000" in services()["web"]["ports"]


def test_docker_compose_leaves_defaults_to_the_settings():
    """`${NAME:-}` would pass an empty value on, and `${NAME:-5}` would be a second place for a default."""
    values = services()["web"]["environment"].values()

    assert [value for value in values if value and ":-" in value] == []


def test_any_postgres_password_reaches_postgresql_as_it_is():
    """In a URL `@`, `/`, `#` and `%` would have to be percent-encoded; libpq's own variable needs nothing."""
    environment = services()["web"]["environment"]
    assert "$" not in environment["DATABASE_URL"]
    assert environment["PGPASSWORD"].startswith("${POSTGRES_PASSWORD:?")

    password = "p@ss/w#rd%41 ?&:'\"\\"
    asked = (
        "import json, django; django.setup()\n"
        "from django.db import connection\n"
        "from psycopg import pq\n"
        "given = {option.keyword.decode(): option.val for option in pq.Conninfo.get_defaults() if option.val}\n"
        "given |= {name: str(value).encode() for name, value in connection.get_connection_params().items()}\n"
        "print(json.dumps({name: given[name].decode() for name in ('user', 'host', 'dbname', 'password')}))"
    )
    told = {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "config.settings", "PGPASSWORD": password}
    told |= REAL | {"DATABASE_URL": environment["DATABASE_URL"]}
    printed = subprocess.run([sys.executable, "-c", asked], env=told, capture_output=True, text=True, check=True)

    connection = {"user": "postgres", "host": "postgres", "dbname": "postgres", "password": password}
    assert json.loads(printed.stdout) == connection


@pytest.mark.parametrize("name", [".env", "pride.env", ".env.production"])
def test_files_of_secrets_stay_out_of_the_repository_and_the_image(name: str):
    assert subprocess.run(["git", "check-ignore", "--quiet", name], cwd=CHECKOUT, check=False).returncode == 0
    patterns = (CHECKOUT / ".dockerignore").read_text().split()
    assert any(fnmatch(name, pattern) for pattern in patterns)
