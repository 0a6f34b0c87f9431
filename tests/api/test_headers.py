"""Malformed request headers, sent to the web server as it is really started: none is answered 5xx."""

import http.client
import json
import socket

import pytest
from django.test import Client

from server.content_types import content_type_error
from tests.cpu import cpu_seconds
from tests.server import test_unread_bodies

port = test_unread_bodies.port

FORM = "application/x-www-form-urlencoded"
CONTENT_TYPES = [
    "a; charset*=bogus'en'x",
    "a; charset*=hex'en'x",
    "a; charset*=idna'en'%ff",
    "a; x*0*=utf-8''%41; x*99999999999999999999=b",
    "a; x*" + "9" * 5000 + "=b",
    "a; x*=%",
    "a; =; ;;",
    f"{FORM}; charset=hex",
    f"{FORM}; charset=undefined",
    f"{FORM}; charset=idna",
    f"{FORM}; charset=unicode_escape",
    f"{FORM}; charset=utf-16",
    f"{FORM}; charset=\xe9",
    "multipart/form-data",
    "multipart/form-data; boundary=" + "x" * 300,
    "multipart/form-data; boundary*=utf-16''x",
    "\xff\xfe; \x80",
    '"' + ";" * 8000,
]
PATHS = ["/contacts", "/oauth2/token", "/oauth2/authorize", "/admin/login/", "/c/none", "/webhooks/twilio/texts", "/"]


def call(port, method, path, headers, body=b""):
    with socket.create_connection(("127.0.0.1", port), timeout=120) as client:
        lines = [f"{method} {path} HTTP/1.1", "Connection: close", *(f"{name}: {value}" for name, value in headers)]
        client.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        answer = http.client.HTTPResponse(client)
        answer.begin()
        return answer.status, answer.getheader("Content-Type", ""), answer.read()


@pytest.mark.contract("Slashes, verbs and bodies", "A `Content-Type` that cannot be read is 415", "ours")
def test_an_unreadable_content_type_is_refused(port):
    headers = [("Host", "localhost"), ("Content-Type", "a; charset*=bogus'en'x"), ("Content-Length", "2")]
    status, kind, body = call(port, "POST", "/contacts", headers, b"{}")
    assert (status, kind) == (415, "application/json")
    assert json.loads(body)["name"] == "UnsupportedMediaType"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_long_content_type_is_refused_unread(port, method):
    long = "application/json" + ";" * 2000
    for path in ("/contacts", "/oauth2/token"):
        body = b"{}" if method == "POST" else b""
        headers = [("Host", "localhost"), ("Content-Type", long), ("Content-Length", len(body))]
        status, _, answer = call(port, method, path, headers, body)
        if method == "POST":
            assert status == 415
            assert "1000 characters" in json.loads(answer)["message"]
        else:  # it has no body to describe
            assert status == {"/contacts": 401, "/oauth2/token": 405}[path]


@pytest.mark.parametrize("kind", [";", 'a="' + ";", "a" + ";", 'a;x="', "a; x*=a''%ff"])
def test_what_a_content_type_costs_grows_with_its_length_at_most(kind):
    assert cpu_seconds(lambda: content_type_error.__wrapped__((kind * 100_000)[:100_000])) < 0.1


@pytest.mark.parametrize("content_type", CONTENT_TYPES)
def test_no_content_type_is_a_fault_of_ours(port, content_type):
    for path in PATHS:
        for method, body in (("POST", b"claim=1&name=x%ff"), ("GET", b"")):
            headers = [("Host", "localhost"), ("Content-Type", content_type), ("Content-Length", len(body))]
            status, kind, answer = call(port, method, path, headers, body)
            assert status < 500, (method, path, status, answer[:200])
            if method == "POST" and path == "/contacts":
                assert kind == "application/json"
                assert json.loads(answer)["code"] == status


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Host", ""),
        ("Host", "a b"),
        ("Host", "[::1"),
        ("Host", "\xff"),
        ("Host", "x" * 5000),
        ("Host", "localhost:99999999"),
        ("Content-Length", "-1"),
        ("Content-Length", "1e3"),
        ("Content-Length", "9" * 5000),
        ("Content-Length", "\xb2"),
        ("Range", "bytes=-"),
        ("Range", "bytes=" + "0-," * 2000),
        ("If-None-Match", '"' * 5000),
        ("If-Modified-Since", "Sun, 99 Foo 99999 99:99:99 GMT"),
        ("If-Modified-Since", "9" * 5000),
        ("Accept", ";q=x," * 1000),
        ("Accept", "\xff"),
        ("Accept-Language", "x-" * 3000),
        ("Accept-Encoding", "gzip;q=\xff"),
        ("Origin", "http://[::1"),
        ("Origin", "\xff"),
        ("Referer", "http://[::1"),
        ("X-Forwarded-For", "," * 7000),
        ("X-Forwarded-Proto", "https,http\xff"),
        ("X-Forwarded-Host", "\xff"),
        ("Content-Encoding", "\xff"),
        ("Transfer-Encoding", "\xff"),
        ("Expect", "\xff"),
        ("X-Twilio-Signature", "\xff"),
        ("Access-Control-Request-Headers", "\xff"),
    ],
)
def test_no_malformed_header_is_a_fault_of_ours(port, name, value):
    given = [(name, value)] if name == "Host" else [("Host", "localhost"), (name, value)]
    for path in [*PATHS, "/static/api/pages.css", "/docs"]:
        for method in ("GET", "POST", "OPTIONS"):
            status, kind, answer = call(port, method, path, given)
            assert status < 500 or status == 501, (method, path, status, answer[:200])
            if status >= 400 and path == "/contacts":
                assert kind == "application/json"
                assert json.loads(answer)["code"] == status


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Cookie", "sessionid=" + "x" * 7000),
        ("Cookie", 'a="' + "\\" * 7000),
        ("Cookie", "sessionid=\xff\xfe; csrftoken=;=;;"),
        ("Cookie", "sessionid=a%00b; csrftoken=\x80"),
        ("Authorization", "Bearer \xff\xfe"),
        ("Authorization", "Bearer"),
        ("Authorization", "Basic ////"),
        ("Authorization", "Basic \xff"),
        ("Authorization", "Basic " + "QUFB" * 1500),
        ("Authorization", "Bearer " + "x" * 7000),
        ("X-LionDesk-Id", "\xff" * 100),
    ],
)
def test_no_malformed_credential_is_a_fault_of_ours(db, name, value):
    for path in PATHS:
        for method in ("GET", "POST", "OPTIONS"):
            answer = Client(raise_request_exception=False).generic(method, path, headers={name: value})
            assert answer.status_code < 500, (method, path, answer.content[:200])
            if answer.status_code >= 400 and path == "/contacts":
                assert answer.json()["code"] == answer.status_code
