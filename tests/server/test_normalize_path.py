"""Doubled slashes, over a real socket: Django's test client would read `//x` as a host."""

import http.client
import json
from threading import Thread
from urllib.parse import parse_qs, urlsplit
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.utils import timezone

from config.wsgi import application
from oauth.tokens import create_application, create_token
from server.normalize_path import normalize_path


class Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture
def call(transactional_db, settings):
    """`call("GET", "//x")` sends exactly that request line to the service in a thread of its own."""
    settings.ROOT_URLCONF = "tests.api.example_resources"
    server = make_server("127.0.0.1", 0, application, handler_class=Quiet)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()

    def send(method, path, body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        answer.text = answer.read()
        connection.close()
        return answer

    yield send
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("/", "/"),
        ("//", "/"),
        ("", "/"),
        ("//contacts", "/contacts"),
        ("//contacts//5///addresses", "/contacts/5/addresses"),
        ("/contacts/", "/contacts"),
        ("//contacts//", "/contacts"),
        ("//admin//login//", "/admin/login/"),
        ("/static/", "/static/"),
        ("/administrators/", "/administrators"),
    ],
)
def test_a_path_has_one_plain_form(sent, meant):
    assert normalize_path(sent or "/") == meant


@pytest.mark.contract(
    "Slashes, verbs and bodies",
    "Repeated slashes are one, and one at the end is none: for every method, without a redirect",
    "documented",
    client=[1],
)
@pytest.mark.parametrize("base", ["/shelves", "//shelves", "///shelves", "//shelves/", "/%2Fshelves"])
def test_every_verb_takes_any_number_of_slashes_without_a_redirect(call, alice, base):
    headers = {"Authorization": f"Bearer {create_token(alice, timezone.now())}", "Content-Type": "application/json"}

    made = call("POST", base, json.dumps({"name": "Pride"}), **headers)
    assert made.status == 201
    one = f"{base.rstrip('/')}//{json.loads(made.text)['id']}"

    assert call("GET", f"{base}?name[$like]=%Pri%", **headers).status == 200
    assert call("GET", one, **headers).status == 200
    assert json.loads(call("PATCH", one, json.dumps({"name": "New"}), **headers).text)["name"] == "New"
    assert call("DELETE", one, **headers).status == 200


@pytest.mark.contract(
    "Slashes, verbs and bodies",
    "So it is for OAuth, where no address of `//` leads away from here",
    "documented",
    client=[1, 2],
)
@pytest.mark.parametrize("slashes", ["/", "//", "///"])
def test_oauth_takes_any_number_of_slashes(call, slashes):
    client_id, secret = create_application("Program", "https://program.example.com/back")
    body = {"grant_type": "authorization_code", "code": "x", "client_id": client_id, "client_secret": secret}
    token = call("POST", f"{slashes}oauth2/token", json.dumps(body), **{"Content-Type": "application/json"})
    assert json.loads(token.text)["error"] == "invalid_grant"

    page = call("GET", f"{slashes}oauth2{slashes}authorize?response_type=code&client_id={client_id}&scope=write")

    assert page.status == 302
    where = urlsplit(page.getheader("Location"))
    assert (where.netloc, where.path) == ("", "/admin/login/")
    assert parse_qs(where.query)["next"][0].startswith("/oauth2/authorize?")


@pytest.mark.contract(
    "Slashes, verbs and bodies",
    "Any `Content-Type`, also one on `GET` without a body; `Content-Length: 0`; no `Accept`",
    "inferred",
    client=[15],
)
def test_requests_that_say_odd_things_about_their_body_are_read(call, alice):
    headers = {"Authorization": f"Bearer {create_token(alice, timezone.now())} ", "Content-Type": "application/json"}
    assert call("GET", "/shelves", **headers).status == 200
    assert call("GET", "/shelves", **headers | {"Content-Length": "0"}).status == 200
    made = call("POST", "/shelves", b'{"name": "x"}', **headers)
    one = f"/shelves/{json.loads(made.text)['id']}"
    assert call("PATCH", one, b"", **headers).status == 200
    assert call("PATCH", one, b"", **headers | {"Content-Length": "0", "Accept": ""}).status == 200
    assert call("GET", "/shelves?%ZZ=%", **headers).status == 400
