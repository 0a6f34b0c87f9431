"""Browser programs of any origin may call, with a token and without cookies."""

import pytest
from django.test import Client

pytestmark = pytest.mark.usefixtures("shelf")

PREFLIGHT = {
    "Origin": "https://program.example.com",
    "Access-Control-Request-Method": "PATCH",
    "Access-Control-Request-Headers": "authorization,content-type",
}


@pytest.mark.contract(
    "Slashes, verbs and bodies", "A browser's preflight is answered, and any origin may read", "inferred", client=[15]
)
@pytest.mark.parametrize("path", ["/shelves", "/shelves/1", "/oauth2/token", "/no-such-thing"])
def test_a_preflight_needs_no_token(path):
    answer = Client().options(path, headers=PREFLIGHT)
    assert answer.status_code == 204
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert "PATCH" in answer["Access-Control-Allow-Methods"]
    assert "Authorization" in answer["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in answer


@pytest.mark.contract("Slashes, verbs and bodies", "`OPTIONS` needs no token: 204 with `Allow`", "ours")
@pytest.mark.parametrize(
    ("path", "verbs"),
    [("/shelves", {"GET", "POST"}), ("/shelves/1", {"GET", "PATCH", "DELETE"}), ("/oauth2/token", {"POST"})],
)
def test_anybody_may_ask_which_verbs_an_address_takes(db, path, verbs):
    answer = Client().options(path)
    assert (answer.status_code, answer.content) == (204, b"")
    assert set(answer["Allow"].split(", ")) - {"HEAD", "OPTIONS"} == verbs
    assert Client().options("/no-such-thing").status_code == 404


def test_answers_and_failures_are_readable_from_any_origin(api, alice):
    origin = {"Origin": "https://program.example.com"}
    assert Client().get("/shelves", headers=origin)["Access-Control-Allow-Origin"] == "*"
    client = api(alice)
    answer = client.http.get("/shelves", headers=client.headers | origin)
    assert answer["Access-Control-Allow-Origin"] == "*"


def test_pages_that_depend_on_a_cookie_are_not_opened(db):
    for path in ("/oauth2/authorize", "/admin/"):
        assert "Access-Control-Allow-Origin" not in Client().get(path, headers=PREFLIGHT)
