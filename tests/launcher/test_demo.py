"""The story that `./pride demo` tells is the acceptance test of both walkthroughs."""

import re

import httpx
import pytest

from tests.launcher.running import Stack

pytestmark = pytest.mark.stack

REQUEST = re.compile(r"^\w+: (GET|POST|PATCH) /", re.M)


@pytest.mark.parametrize("option", ["", "--json"])
def test_the_demo_ends_well_and_can_be_told_again(stack: Stack, option: str):
    told = stack.pride("demo", *filter(None, [option]))

    assert told.returncode == 0, told.stdout[-2000:] + told.stderr
    assert "NOT SO" not in told.stdout
    assert told.stdout.rstrip().endswith("Everything went as it should.")
    assert bool(REQUEST.search(told.stdout)) == bool(option)  # the story alone, unless the JSON is asked for
    assert ("{" in told.stdout) == bool(option)


def test_the_demo_ends_with_what_it_changed(stack: Stack):
    changes = stack.pride("demo").stdout.partition("What this demo changed")[2]

    assert "clock" in changes
    log_ins = re.findall(r"^  (\S+@example\.com) +password: (.+)$", changes, re.M)
    assert [email.partition(".")[0] for email, _ in log_ins] == ["carla", "alice", "bob", "dana"]
    for email, password in log_ins:
        with httpx.Client(base_url=stack.base_url, timeout=30) as browser:
            page = browser.get("/admin/login/")
            typed = {"username": email, "password": password, "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
            assert browser.post("/admin/login/", data=typed).status_code == 302, page.text
