"""No code decides by the text of a reason: it compares `code` and `details` (core/reasons.py)."""

import ast
from pathlib import Path

APPS = ("api", "api_v1", "campaigns", "core", "crm", "leads", "messaging", "oauth", "server", "teams")
ROOT = Path(__file__).parent.parent
PARSERS = {"startswith", "endswith", "removeprefix", "partition", "rpartition", "find", "index"}


def is_reason(node):
    return isinstance(node, ast.Attribute) and node.attr in {"reason", "end_reason"}


def is_text(node):
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def reads_text(node):
    """Whether a node compares the text of a reason with another text, or takes it apart."""
    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        return any(map(is_reason, sides)) and any(map(is_text, sides))
    if isinstance(node, ast.Call):
        parsed = isinstance(node.func, ast.Attribute) and node.func.attr in PARSERS and is_reason(node.func.value)
        asked = any(
            name in {"reason", "end_reason"} for each in node.keywords for name in (each.arg or "").split("__")[1:]
        )
        return parsed or asked
    return False


def faults_in(source, name):
    return [f"{name}:{node.lineno}" for node in ast.walk(ast.parse(source)) if reads_text(node)]


def test_no_code_compares_or_parses_the_text_of_a_reason():
    paths = [path for app in APPS for path in (ROOT / app).rglob("*.py")]
    assert paths
    assert [fault for path in paths for fault in faults_in(path.read_text(), path.relative_to(ROOT))] == []


def test_such_code_would_be_found():
    for source in ("row.reason == 'no'", "row.reason.startswith('no')", "rows.filter(message__reason=REPLIED)"):
        assert faults_in(source, "example"), source
