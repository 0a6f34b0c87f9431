"""What docs/integrator/compatibility.md tells of the tests: the rules they are marked with, and the tables of fields.

    @pytest.mark.contract("Lists", "An empty list is 200 with `data: []`", "inferred", client=[9])

stands on the test that holds the rule; `client` are the numbers of FACTS that it holds, too, which stand behind its
status. Between `<!-- from the tests: Lists -->` and `<!-- end -->` the page belongs to `python -m tests.contract`, the
rest to whoever writes it.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.contract.fields import TABLES, Field, Table

CHECKOUT = Path(__file__).resolve().parents[2]
PAGE = CHECKOUT / "docs" / "integrator" / "compatibility.md"
REGION = re.compile(r"(?<=<!-- from the tests: )(.+?) -->\n.*?(?=<!-- end -->)", re.DOTALL)
STATUSES = ("documented", "inferred", "ours")
FACTS = {
    1: "Doubled slashes are taken like single ones, for every verb and for OAuth, without a redirect",
    2: "With doubled slashes the log-in on the way to the consent page comes back to it",
    3: "The token endpoint takes forms and JSON, credentials in the body or as Basic, no PKCE; `state` byte for byte",
    4: "Every spelling of scopes leads to a token that may write",
    5: "The token answer has `expires` and `expires_in`, which agree",
    6: "Errors of the token endpoint have a top-level `error`",
    7: "The first refresh token may be presented for ever",
    8: "A bad token is 401 with the captured body; every error has `message` and `code`",
    9: "Lists are `{total,limit,skip,data}`; 10 rows unless `$limit` says otherwise, up to 1000",
    10: "POST, PATCH and GET of one record answer it bare, with its `id`",
    11: "`GET /users` is an envelope with the token's owner, with `username`, `phone` and `system_phone`",
    12: 'Contacts ignore unknown keys, take `""` and ids as text, inline custom fields, an empty PATCH, and times',
    13: "Contacts are found by plain equality on email and phones; a raw `+` is found",
    14: "Addresses answer with their own `id` and take other types; a contact enters a campaign by `contact_id`",
    15: "Odd headers break nothing: a content type on GET, no `Accept`, spaces around the token, a preflight",
}


@dataclass(frozen=True)
class Rule:
    """A sentence of the page, and the tests that hold it."""

    section: str
    text: str
    status: str
    test: str
    client: Sequence[int] = ()


def rules() -> list[Rule]:
    """All that tests are marked with, as their files stand in the tree."""
    return [rule for path in sorted((CHECKOUT / "tests").rglob("test_*.py")) for rule in rules_in(path)]


def rules_in(path: Path) -> Iterator[Rule]:
    name = path.relative_to(CHECKOUT)
    for function in ast.parse(path.read_text()).body:
        for mark in getattr(function, "decorator_list", []):
            if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.contract":
                section, text, status = (ast.literal_eval(argument) for argument in mark.args)
                more = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in mark.keywords}
                yield Rule(section, text, status, f"{name}::{function.name}", **more)


def sections() -> list[str]:
    """Those that the page has room for."""
    return [match[1] for match in REGION.finditer(PAGE.read_text())]


def written() -> str:
    """The page as it should stand."""
    told = rules()
    return REGION.sub(lambda match: f"{match[1]} -->\n{region(match[1], told)}", PAGE.read_text())


def region(section: str, told: list[Rule]) -> str:
    if section == "clients":
        return table(
            ["number", "fact", "held by"], [[str(number), fact, held(told, number)] for number, fact in FACTS.items()]
        )
    rows = [[rule.text, standing(rule), code(rule.test)] for rule in told if rule.section == section]
    parts = [table(["rule", "status", "held by"], rows)] if rows else []
    parts += [fields(known) for known in TABLES if known.title == section]
    return "\n".join(parts)


def standing(rule: Rule) -> str:
    """Its status, and by which facts published clients rely on it."""
    return f"{rule.status} (clients: {', '.join(map(str, rule.client))})" if rule.client else rule.status


def held(told: list[Rule], number: int) -> str:
    return ", ".join(dict.fromkeys(code(rule.test) for rule in told if number in rule.client))


def fields(known: Table) -> str:
    head = ["field", "type", "required", "written", "status", "held by"]
    return table(head, [[*row(field), f"`[{known.title}: {field.name}]`"] for field in known.fields])


def row(field: Field) -> list[str]:
    asked_for = " with `$load`" if field.access == "load" else ""
    only = " only" if field.access.endswith("only") else ""
    kind = ", ".join(code(choice) for choice in field.choices) or field.type
    required, written = ("yes" if answer else "no" for answer in (field.is_required, field.is_written))
    return [code(field.name), kind + asked_for, required, written + only, field.status]


def code(text: str) -> str:
    return f"`{text}`"


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in cells] for cells in rows)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
