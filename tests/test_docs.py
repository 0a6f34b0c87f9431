"""What is written is so: settings, links, addresses and lists in the documents are those of the code, and the README's
five minutes are run as they stand."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.urls import Resolver404, resolve

from api_v1.handlers import CALLS
from campaigns.models import COMMUNICATIONS, REMINDERS, CampaignAction
from core.reasons import reason_text
from leads.history import timeline_event
from leads.models import LeadOffer
from messaging.content import merge_fields
from messaging.inbound import keywords
from messaging.models import Message
from messaging.send_policy import evaluate, rules
from sandbox.twilio.fault_injection import KINDS
from server.normalize_path import normalize_path
from tests.launcher.running import CHECKOUT, Stack, reachable_folder, running

README, CONTRIBUTING = CHECKOUT / "README.md", CHECKOUT / "CONTRIBUTING.md"
ARCHITECTURE = CHECKOUT / "docs" / "architecture.md"
PAGES = [README, CONTRIBUTING, *sorted((CHECKOUT / "docs").rglob("*.md"))]
SPAN = re.compile(r"`([^`\n]+)`")


def page(name: str) -> str:
    return (CHECKOUT / "docs" / name).read_text()


def section(text: str, title: str) -> str:
    """What stands under a heading, up to the next of its rank."""
    rank, _, rest = re.split(rf"^(#+) ({re.escape(title)})$", text, maxsplit=1, flags=re.M)[1:]
    return re.split(rf"^{rank} ", rest, maxsplit=1, flags=re.M)[0]


def spans(text: str) -> set[str]:
    return set(SPAN.findall(text))


# Settings


def variables_read() -> set[str]:
    """Every variable of the environment that the service, its starter and its script look at."""
    settings = (CHECKOUT / "config" / "settings.py").read_text()
    launcher = "".join(path.read_text() for path in (CHECKOUT / "launcher").glob("*.py"))
    script = (CHECKOUT / "pride").read_text()
    return {
        *re.findall(r"""\benv(?:\.\w+)?\(["']([A-Z_]+)["']""", settings),
        *re.findall(r"""\b(?:environ|given)(?:\.get\(|\[)["']([A-Z_]+)["']""", launcher),
        *re.findall(r"\$\{([A-Z_]+):-", script),
    }


def settings_in_readme() -> set[str]:
    rows = re.findall(r"^\| (`[A-Z_`, ]+`) \|", section(README.read_text(), "Settings"), re.M)
    return {name for row in rows for name in spans(row)}


def test_the_readme_lists_every_setting_and_no_other():
    assert settings_in_readme() == variables_read()


# Links


def links() -> Iterator[tuple[Path, str, str]]:
    """(page, file, anchor) of every link inside the repository."""
    for path in PAGES:
        for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text()):
            if not re.match(r"\w+:", target):
                file, _, anchor = target.partition("#")
                yield path, file, anchor


def anchors(path: Path) -> set[str]:
    """The headings as a link names them."""
    titles = re.findall(r"^#+ (.+)$", path.read_text(), re.M)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_link_leads_somewhere():
    for path, file, anchor in links():
        target = path.parent / file if file else path
        assert target.exists(), f"{path.name} links to {file}"
        assert not anchor or anchor in anchors(target), f"{path.name} links to {file}#{anchor}"


DOCUMENT = re.compile(r"(?<![\w/.])docs/(?:[\w/-]+\.(?:md|png)|decisions/[0-9]+[\w-]*)")


def documents_named_in_the_code() -> Iterator[tuple[str, str]]:
    """(file, path) of every page that a file of the repository names by its path."""
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    for name in tracked.stdout.split("\0"):
        path = CHECKOUT / name
        if path.suffix in {".py", ".md", ".toml", ".yml", ".html", ".css", ""} and path.is_file():
            for document in DOCUMENT.findall(path.read_text()):
                yield name, document


def test_every_page_that_the_code_names_exists():
    """In decisions a path may lack the end of its name: docs/decisions/0003."""
    missing = [
        (name, document)
        for name, document in documents_named_in_the_code()
        if not (CHECKOUT / document).exists() and not list(CHECKOUT.glob(f"{document}*.md"))
    ]

    assert missing == []


def test_every_page_is_found_from_the_readme_or_a_page_found_from_it():
    found = {README, CONTRIBUTING, *(CHECKOUT / "docs" / "decisions").iterdir()}
    for _ in PAGES:
        found |= {(path.parent / file).resolve() for path, file, _ in links() if path in found and file}

    assert set(PAGES) - found == set()


def test_the_map_names_what_exists():
    """Names below "Where to find it" are whole paths."""
    table = ARCHITECTURE.read_text().partition("## Where to find it")[2]
    named = {span for span in spans(table) if re.fullmatch(r"[\w.]+/[\w./]*", span)}

    assert len(named) > 20
    assert [name for name in sorted(named) if not (CHECKOUT / name).exists()] == []


# Addresses

ON_DISK = re.compile(r"/(?:var|tmp)\b")
ADDRESS = re.compile(r"(?:\b(GET|POST|PATCH|DELETE) )?(?:PUBLIC_URL|(?<![\w.:/$*]))(/{1,2}[a-z][\w/:.-]*)")
IN_SHELL = re.compile(r"\$URL(/[\w/-]+)")


def addresses(text: str) -> Iterator[tuple[str, str]]:
    """(method or nothing, address) of all that a page says the service answers."""
    for span in spans(text):
        yield from ((method, path) for method, path in ADDRESS.findall(span) if not ON_DISK.match(path))
    yield from (("", path) for path in IN_SHELL.findall(text))


def is_answered(method: str, address: str) -> bool:
    path = normalize_path(re.sub(r":\w+", "1", address))
    for tried in (path, f"{path}/"):  # the admin keeps its slash
        try:
            view = resolve(tried).func
        except Resolver404:
            continue
        actions = getattr(view, "actions", None)
        return not method or actions is None or method.lower() in actions
    return False


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_address_is_answered(path):
    text = path.read_text()

    assert [f"{method} {address}" for method, address in addresses(text) if not is_answered(method, address)] == []


@pytest.mark.parametrize(
    ("method", "address", "answered"),
    [
        ("GET", "/leads/:id/offers", True),
        ("", "//contacts", True),
        ("", "/admin/", True),
        ("DELETE", "/leads/:id", False),
        ("", "/lead", False),
    ],
)
def test_the_search_itself(method, address, answered):
    assert is_answered(method, address) is answered


# Lists


def test_the_kinds_of_faults_are_those_there_are():
    table = section(page("operator/sandbox.md"), "Faults")
    rows = re.findall(r"^\| (`.+?) \|", table, re.M)

    assert {kind for row in rows for kind in spans(row)} == set(KINDS)


def test_the_merge_fields_are_those_there_are():
    assert set(merge_fields.FIELDS) <= spans(section(page("integrator/campaigns.md"), "Merge fields"))


def test_what_campaigns_do_and_when_is_told():
    told = section(page("integrator/campaigns.md"), "Actions")
    tasks = {f"- {task.removeprefix('Agent Task - ')}" for task in REMINDERS}

    for words in (*COMMUNICATIONS, *tasks, *CampaignAction.TimingType.values):
        assert words in told


def test_the_calls_of_api_v1_are_those_there_are():
    assert re.findall(r"^\| `(\w+)` \|", section(page("integrator/api-v1.md"), "Calls"), re.M) == list(CALLS)


def test_what_becomes_of_an_offer_is_told():
    """All but Expired, which nothing leads to yet."""
    told = re.findall(r"^\| `(\w+)` \|", section(page("integrator/leads.md"), "Offers"), re.M)

    assert {*told, "Expired"} == set(LeadOffer.Status.values)


def test_the_kinds_of_a_timeline_are_told():
    rows = re.findall(r"^\| (`.+?) \|", section(page("integrator/leads.md"), "Why a lead went where it went"), re.M)

    assert {kind for row in rows for kind in spans(row)} == set(timeline_event.KINDS)


def test_the_states_of_messages_are_those_there_are():
    rows = re.findall(r"^\| (`.+?) \|", section(page("operator/texting.md"), "States"), re.M)

    assert {state for row in rows for state in spans(row)} == set(Message.Status.values)


def test_the_gates_questions_stand_in_its_order():
    at_hand = (evaluate.REMOVED, evaluate.SENDER_LEFT, evaluate.NOT_SEEN, evaluate.NO_SENDER, evaluate.NOT_THEIRS)
    reasons = [
        *(reason_text(*verdict.reason) for verdict in at_hand),
        *(reason_of(rule) for rule in rules.CLIENT_RULES),
    ]
    told = section(page("operator/texting.md"), "The gate")

    assert re.findall(r"^\|[^|]+\|[^|]+\| (.+?\.) \|$", told, re.M) == reasons


def reason_of(rule: rules.Rule) -> str:
    """What a rule says to a text that is wrong in every way."""
    midnight = datetime(2027, 1, 5, 8, tzinfo=UTC)  # in Los Angeles
    facts = rules.Facts(number="", is_do_not_contact=True, has_opted_out=True, is_suspended=True, valid_until=midnight)
    objection = rule(facts, midnight)
    assert objection, rule
    return reason_text(*objection.reason)


def test_the_keywords_are_those_there_are():
    told = section(page("operator/texting.md"), "Consent and opting out")
    rows = re.findall(r"^\| ([A-Z].*) \|.*\|$", told, re.M)
    letter = "[A-Z\u0400-\u04ff\u4e00-\u9fff]"

    assert set(re.findall(f"{letter}{{2,}}(?:[ -][A-Z]+)*", " ".join(f"{row}," for row in rows))) == {
        word.upper() for word in (*keywords.MEANINGS, keywords.YES)
    }


# The README's five minutes


def block() -> str:
    """The README's one block of shell lines, as a reader copies it."""
    lines = section(README.read_text(), "Five minutes to a claimed lead").splitlines()
    shell = [number for number, line in enumerate(lines) if line.startswith("    ")]
    copied = lines[shell[0] : shell[-1] + 1]
    assert all(line.startswith("    ") or not line for line in copied), "one block, and no text between its lines"
    return "\n".join(line[4:] for line in copied) + "\n"


@pytest.fixture(scope="module")
def fresh_stack() -> Iterator[Stack]:
    """A fresh installation: the README names its ids."""
    with reachable_folder() as folder, running(folder) as stack:
        yield stack


@pytest.mark.stack
@pytest.mark.skipif(not shutil.which("curl"), reason="the README's lines need curl")
def test_the_five_minutes_work_pasted_as_one_block(fresh_stack):
    stack = fresh_stack

    # From standard input, as a terminal gives it: a command that reads it would swallow the lines after it.
    pasted = subprocess.run(
        ["sh"], input=block(), cwd=CHECKOUT, env=stack.environment, capture_output=True, text=True, check=False
    )

    assert (pasted.returncode, pasted.stderr) == (0, "")
    assert '"className"' not in pasted.stdout  # which every refusal has
    for promise in ("Reply 1 to claim", '"claimed_via":"Text"'):
        assert promise in pasted.stdout
    with stack.client() as client:
        lead = client.get("/leads/1").json()
    assert (lead["claimed_via"], lead["claimed_by_user_id"]) == ("Text", 2)
