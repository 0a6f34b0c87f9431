"""The shape of the code, read from its source: imports point one way, business time has one source."""

import ast
import re
from collections.abc import Iterator, Sequence, Set
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# From left to right: each may import what stands further right, never what stands further left.
LAYERS = [
    {"config", "launcher", "sandbox"},
    {"server"},
    {"api_v1", "sync"},
    {"leads"},
    {"campaigns"},
    {"messaging"},
    {"crm"},
    {"teams"},
    {"oauth"},
    {"api"},
    {"core"},
]
PACKAGES = tuple(sorted(set().union(*LAYERS) - {"sync"}))

# The same inside leads, the largest app.
ROOMS_OF_LEADS = [
    {"leads.apps", "leads.receivers"},
    {"leads.admin"},
    {"leads.api"},
    {"leads.alert_replies", "leads.jobs", "leads.simulation"},
    {"leads.lifecycle"},
    {"leads.reporting"},
    {"leads.history"},
    {"leads.notifications"},
    {"leads.distribution"},
    {"leads.routing"},
    {"leads.formatting", "leads.reasons"},
    {"leads.models"},
]

# Wall time has its uses; each file that reads it says which.
WALL_TIME = {
    "oauth/authentication.py": "the life of a token",
    "oauth/validator.py": "the life of a token",
    "config/heartbeat.py": "the age of a file",
    "sandbox/clock.py": "business time is wall time and what it was moved ahead by",
    "config/settings.py": "names the clock of an installation that is no sandbox",
    "launcher/process.py": "the age of a log",
    "launcher/bootstrap.py": "the life of a token",
    "core/cleanup.py": "the life of tokens and log-ins",
    "messaging/phone_codes.py": "the age of a code",
    "teams/management/commands/token.py": "the life of a token",
    "teams/oauth_apps.py": "the life of a token",
}
CALLS = {"timezone.now", "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time"}
IN_TEXT = re.compile(
    r"timezone\.now|\bnow\(\)|\b(?:clock|statement|transaction)_timestamp\b|\bcurrent_(?:timestamp|date|time)\b", re.I
)

# Entry points: where business time is read, once, to be handed down.
ENTRIES = re.compile(
    r"(^|/)(views|viewsets|receivers|webhooks|claim_page|tasks|commands/\w+)\.py$|/admin/|^sandbox/|^launcher/demo"
)

# Who may know HTTP and its library.
SPEAKS_HTTP = re.compile(r"(^|/)(api|oauth|server|api_v1|sandbox)/|^core/health\.py|^config/settings\.py")


def sources() -> Iterator[tuple[str, ast.Module]]:
    """Every file of the product, parsed; migrations are history."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text())


FILES = dict(sources())


def imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, module) of every import, also inside functions; `from config import clock` is core.clock."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def place(module: str, layers: Sequence[Set[str]]) -> int | None:
    """How far right a module stands; None when it is in none of the layers."""
    parts = module.split(".")
    for prefix in (".".join(parts[:2]), parts[0]):
        for number, names in enumerate(layers):
            if prefix in names:
                return number
    return None


def module_of(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def leftward(path: str, tree: ast.AST, layers: Sequence[Set[str]] = LAYERS) -> Iterator[str]:
    here = place(module_of(path), layers)
    for line, module in imported(tree):
        there = place(module, layers)
        if there is not None and here is not None and there < here:
            yield f"{path}:{line} imports {module}"


def test_imports_point_one_way():
    assert [breach for path, tree in FILES.items() for breach in leftward(path, tree)] == []


def test_imports_point_one_way_inside_leads():
    assert [breach for path, tree in FILES.items() for breach in leftward(path, tree, ROOMS_OF_LEADS)] == []


def test_each_module_of_leads_has_its_room():
    modules = [module_of(path) for path in FILES if path.startswith("leads/")]
    assert [module for module in modules if module != "leads" and place(module, ROOMS_OF_LEADS) is None] == []


def test_no_module_imports_itself_through_others():
    modules = {module_of(path) for path in FILES}

    def target(module: str) -> str | None:
        return next((name for name in (module, module.rpartition(".")[0]) if name in modules), None)

    graph = {
        module_of(path): {there for _, module in imported(tree) if (there := target(module))} - {module_of(path)}
        for path, tree in FILES.items()
    }
    sorter = TopologicalSorter(graph)
    sorter.prepare()  # raises CycleError, which names the circle


def test_apps_use_of_anothers_http_interface_what_its_package_offers():
    """Resources and serializers that others may use are named in the package's `__init__`."""
    apps = ("teams", "crm", "messaging", "campaigns", "leads")
    assert [
        f"{path}:{line} imports {module}"
        for path, tree in FILES.items()
        for line, module in imported(tree)
        if re.match(rf"({'|'.join(apps)})\.api\.\w+\.", module)
        and path.split("/")[0] not in (module.split(".")[0], "config")
    ] == []


@pytest.mark.parametrize(
    ("path", "source", "breaks"),
    [
        ("crm/models.py", "from messaging.models import Message", True),
        ("crm/models.py", "def f():\n    import leads.jobs", True),
        ("api/lists/filter_backend.py", "from config import settings", True),
        ("api/lists/filter_backend.py", "from api import values", False),
        ("teams/models.py", "from core import clock", False),
        ("leads/jobs.py", "from teams.models import User", False),
        ("teams/models.py", "import sandbox.clock", True),
        ("config/urls.py", "from leads.api.urls import urlpatterns", False),
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
        if not path.endswith(("urls.py", "admin.py", "api/__init__.py", "api_v1/handlers.py")) and "/admin/" not in path
        for line, module in imported(tree)
        if place(module, LAYERS) is not None and ".views." in module
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
