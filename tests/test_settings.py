"""What refuses to start on a guess."""

import os
import subprocess
import sys

import pytest

REAL = {
    "SANDBOX": "0",
    "SECRET_KEY": "for a test",
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
