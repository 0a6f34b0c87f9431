"""What `GET /` answers: a browser is led to the admin, a program gets the index of the API."""

import pytest
from django.test import Client

FIREFOX = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
SAFARI = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"


@pytest.mark.parametrize("accept", [FIREFOX, SAFARI, "text/html", "text/*;q=0.5, application/json;q=0.1"])
def test_a_browser_is_led_to_the_admin(db: None, accept: str):
    answer = Client().get("/", headers={"Accept": accept})

    assert (answer.status_code, answer["Location"], answer["Vary"]) == (302, "/admin/", "Accept")


@pytest.mark.parametrize(
    "accept", [None, "*/*", "application/json", "application/json, text/html", "x/y", "", ",;q=z,"]
)
def test_a_program_gets_addresses_that_answer(db: None, accept: str | None):
    answer = Client().get("/", headers={} if accept is None else {"Accept": accept})

    assert (answer.status_code, answer["Content-Type"], answer["Vary"]) == (200, "application/json", "Accept")
    index = answer.json()
    assert index.pop("name") == "Pridedesk"
    assert set(index) == {"docs", "openapi", "admin"}
    for address in index.values():
        assert Client().get(address, follow=True).status_code == 200


@pytest.mark.parametrize("part", ["text/html,", ",", ";q=", "a/b;q=0.1,", "*/*;", '"'])
def test_a_long_list_of_types_is_answered(db: None, part: str):
    assert Client().get("/", headers={"Accept": part * (100_000 // len(part))}).status_code in (200, 302)
