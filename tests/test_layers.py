"""The shape of the code, read from its source: imports point one way, business time has one source (design 1, 5)."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# From left to right: each may import what stands further right, never what stands further left.
LAYERS = [
    {"config"},  # urls, settings, sandbox, stack: whatever is not named below
    {"leads"},
    {"campaigns"},
    {"messaging"},
    {"crm"},
    {"teams"},
    {
        "config.api",
        "config.celery",
        "config.clock",
        "config.due",
        "config.errors",
        "config.given",
        "config.literals",
        "config.operations",
        "config.patience",
        "config.races",
        "config.reasons",
        "config.text",
        "config.watchdog",
    },
]
PACKAGES = ("config", "leads", "campaigns", "messaging", "crm", "teams")

# Wall time has its uses; each file that reads it says which.
WALL_TIME = {
    "config/api/oauth.py": "the life of a token",
    "config/alive.py": "the age of a file",
    "config/sandbox/clock.py": "business time is wall time and what it was moved ahead by",
    "config/settings.py": "names the clock of an installation that is no sandbox",
    "config/stack/parts.py": "the age of a log",
    "config/stack/prepare.py": "the life of a token",
    "config/tidy.py": "the life of tokens and log-ins",
    "teams/management/commands/token.py": "the life of a token",
    "teams/programs.py": "the life of a token",
}
CALLS = {"timezone.now", "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time"}
IN_TEXT = re.compile(
    r"timezone\.now|\bnow\(\)|\b(?:clock|statement|transaction)_timestamp\b|\bcurrent_(?:timestamp|date|time)\b", re.I
)

# Entry points: where business time is read, once, to be handed down.
ENTRIES = re.compile(
    r"(^|/)(views|admin|admin/\w+|receivers|webhooks|resources|due|commands/\w+)\.py$|^config/(sandbox|demo)"
)

# Who may know HTTP and its library.
SPEAKS_HTTP = re.compile(
    r"(^|/)(views|serializers|filters|urls|schema)\.py$|^config/(api/|sandbox/|health\.py|settings\.py)"
)


def sources() -> Iterator[tuple[str, ast.Module]]:
    """Every file of the product, parsed; migrations are history."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text())


FILES = dict(sources())


def imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, module) of every import, also inside functions; `from config import clock` is config.clock."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def layer(module: str) -> int | None:
    """How far right a module stands; None when it is not ours."""
    parts = module.split(".")
    for prefix in (".".join(parts[:2]), parts[0]):
        for place, names in enumerate(LAYERS):
            if prefix in names:
                return place
    return None


def module_of(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def leftward(path: str, tree: ast.AST) -> Iterator[str]:
    here = layer(module_of(path))
    for line, module in imported(tree):
        there = layer(module)
        if there is not None and here is not None and there < here:
            yield f"{path}:{line} imports {module}"


def test_imports_point_one_way():
    assert [breach for path, tree in FILES.items() for breach in leftward(path, tree)] == []


@pytest.mark.parametrize(
    ("path", "source", "breaks"),
    [
        ("crm/models.py", "from messaging.models import Message", True),
        ("crm/models.py", "def f():\n    import leads.engine", True),
        ("config/api/query.py", "from config import settings", True),
        ("config/api/query.py", "from config.api import values", False),
        ("teams/models.py", "from config import clock", False),
        ("leads/engine.py", "from teams.models import User", False),
        ("teams/models.py", "import config.sandbox.clock", True),
        ("config/urls.py", "from leads.urls import urlpatterns", False),
    ],
)
def test_the_arrow_itself(path, source, breaks):
    assert bool(list(leftward(path, ast.parse(source)))) == breaks


def test_imports_stand_at_the_top():
    """An import inside a function is a question about the design. There is no exception so far."""
    functions = (
        (path, node)
        for path, tree in FILES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    assert [f"{path}:{line} {module}" for path, node in functions for line, module in imported(node)] == []


def test_only_those_who_speak_http_know_its_library():
    assert [
        f"{path}:{line} imports {module}"
        for path, tree in FILES.items()
        if not SPEAKS_HTTP.search(path)
        for line, module in imported(tree)
        if module.startswith(("rest_framework", "django_filters", "drf_spectacular"))
    ] == []


def test_only_urls_the_admin_and_api_v1_know_the_views():
    """The two are clients of the API (docs/decisions/0003)."""
    assert [
        f"{path}:{line} imports {module}"
        for path, tree in FILES.items()
        if not path.endswith(("urls.py", "admin.py", "v1/calls.py")) and "/admin/" not in path
        for line, module in imported(tree)
        if layer(module) is not None and ".views" in module
    ] == []


# Time


def dotted(node: ast.AST) -> str:
    """`datetime.now` of a call to it, whatever stands before."""
    return f"{dotted(node.value)}.{node.attr}" if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def wall_time(tree: ast.AST) -> Iterator[int]:
    """The lines that read, or tell the database to read, a clock that is not ours."""
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ".".join(dotted(node).split(".")[-2:]) in CALLS:
            yield node.lineno
        elif isinstance(node, ast.keyword) and node.arg in ("auto_now", "auto_now_add"):
            yield node.value.lineno
        elif isinstance(node, ast.ImportFrom) and node.module == "django.db.models.functions":
            yield from (node.lineno for alias in node.names if alias.name == "Now")
        elif isinstance(node, ast.Constant) and id(node) not in prose and IN_TEXT.search(str(node.value)):
            yield node.lineno


def test_business_time_has_one_source():
    assert [f"{path}:{line}" for path, tree in FILES.items() if path not in WALL_TIME for line in wall_time(tree)] == []


def test_every_file_that_is_excused_reads_wall_time():
    assert [path for path in WALL_TIME if path not in FILES or not list(wall_time(FILES[path]))] == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("at = timezone.now()", True),
        ("field(default=timezone.now)", True),
        ("at = datetime.datetime.now(tz=UTC)", True),
        ("at = clock.now()", False),
        ("DateTimeField(auto_now=True)", True),
        ("from django.db.models.functions import Lower, Now", True),
        ("cursor.execute('UPDATE x SET y = NOW()')", True),
        ("cursor.execute('SELECT current_timestamp')", True),
        ('def f():\n    """Not now()."""', False),
    ],
)
def test_the_search_itself(source, found):
    assert bool(list(wall_time(ast.parse(source)))) == found


def test_business_time_is_read_at_the_door_and_handed_down():
    assert [
        f"{path}:{node.lineno} calls clock.now()"
        for path, tree in FILES.items()
        if not ENTRIES.search(path)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and dotted(node.func) == "clock.now"
    ] == []
