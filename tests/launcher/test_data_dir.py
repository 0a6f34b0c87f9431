"""PRIDE_HOME, and what a cluster needs of it."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from launcher.data_dir import Home, own_folder, write_json
from launcher.environment import is_sandbox
from launcher.errors import Refusal
from launcher.postgres import STATE, Postgres


@pytest.fixture
def home(folder: Path) -> Iterator[Home]:
    home = Home(folder / "home")
    home.prepare()
    yield home
    shutil.rmtree(home.sockets)


def test_a_home_is_taken_once(home: Home) -> None:
    assert not home.is_taken()
    home.take()
    assert home.is_taken()
    with pytest.raises(Refusal, match="already running"):
        Home(home.path).take()


def test_sockets_stay_short_however_deep_the_home_is() -> None:
    deep = Home(Path("/" + "/".join(["a long folder name"] * 20)))
    assert len(f"{deep.sockets}/postgres/.s.PGSQL.5432") < 107


def test_a_folder_that_is_somebody_elses_is_refused(tmp_path: Path) -> None:
    (tmp_path / "theirs").symlink_to(tmp_path)
    with pytest.raises(Refusal, match="belongs to another user"):
        own_folder(tmp_path / "theirs", 0o700)


def test_secrets_are_written_for_the_owner_alone(tmp_path: Path) -> None:
    (tmp_path / "demo.json").write_text("{}")
    write_json(tmp_path / "demo.json", {"password": "a secret"})
    assert (tmp_path / "demo.json").stat().st_mode & 0o777 == 0o600


def test_a_cluster_of_another_version_is_refused(home: Home) -> None:
    lock = os.open(os.devnull, os.O_RDONLY)
    (home.path / "postgres").mkdir()
    (home.path / "postgres" / "PG_VERSION").write_text("17\n")
    with pytest.raises(Refusal, match="PostgreSQL 17"):
        Postgres(home).part(lock)


@pytest.mark.skipif(os.getuid() != 0, reason="only root starts PostgreSQL as somebody else")
def test_a_home_in_a_closed_folder_links_to_a_cluster_in_an_open_one(folder: Path, home: Home) -> None:
    folder.chmod(0o700)
    place = Postgres(home).data
    assert place.parent == STATE / home.key
    assert (home.path / "postgres").readlink() == place
    folder.chmod(0o711)
    assert Postgres(home).data == place  # and it stays there
    place.parent.rmdir()


@pytest.mark.parametrize(
    ("given", "refused", "sandbox"),
    [
        ({}, False, True),
        ({}, True, False),
        ({"SANDBOX": "1"}, False, True),
        ({"SANDBOX": "1"}, True, False),
        ({"SANDBOX": "0"}, False, False),
        ({"SANDBOX": "false"}, False, False),
        ({"TWILIO_ACCOUNT_SID": "AC0"}, False, False),
        ({"TWILIO_ACCOUNT_SID": "AC0", "SANDBOX": ""}, False, False),
    ],
)
def test_it_is_a_sandbox_unless_told_otherwise(given: dict[str, str], refused: bool, sandbox: bool) -> None:
    assert is_sandbox(refused, given) is sandbox


def test_real_credentials_in_a_sandbox_are_refused() -> None:
    with pytest.raises(Refusal, match="SANDBOX=1"):
        is_sandbox(False, {"SANDBOX": "1", "TWILIO_ACCOUNT_SID": "AC0"})
