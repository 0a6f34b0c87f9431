"""Finds words in comments, docstrings, texts and docs that CONTRIBUTING.md ("Plain English") replaces by plain ones.

    python -m launcher.plain_english

Prints one line per word: `path:line: word: text`. Exits with 1 if there is one.
"""

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parent.parent
WORDS: Final = re.compile(
    r"\b(?:"
    r"whoever|whosever|whatever|whichever|nobody|somebody|everybody|anybody|of whom|of which"
    r"|tell|tells|told|telling|say|says|said|saying|stands|goes on|went on"
    r"|anew|at once|of late|meanwhile|lest|but for|or else"
    r"|(?:is|are|was|were) to be|was to"
    r"|(?<!there )(?:is none|is no (?!longer\b|more\b)\w+)"
    r")\b",
    re.IGNORECASE,
)
CODE: Final = re.compile(r"`[^`]*`|https?://\S+")  # names and addresses are not prose
NOT_PROSE: Final = re.compile(r"#\s*(?:noqa|type:|fmt:)|[^ ]*$|(?s:.*)\b(?:SELECT|FROM|AS \()")

# Not checked yet.
UNCHECKED: Final = ("tests/", "docs/", "CHANGELOG.md", "README.md")

# Files that need such words, and why.
EXCEPTIONS: Final = {
    "CONTRIBUTING.md": "lists the words",
    "launcher/plain_english.py": "lists the words",
    "launcher/postgres.py": "nobody is a user of the operating system",
    "messaging/gateways/voice.py": "Say is a verb of TwiML",
    "messaging/inbound/keywords.py": "matches the texts of contacts",
}


class Finding(NamedTuple):
    path: str
    line: int
    word: str
    text: str


def findings(path: str, source: str) -> Iterator[Finding]:
    """Yield the words to replace in one file; `path` is relative to the repository."""
    for line, text in (python_texts if path.endswith(".py") else markdown_texts)(source):
        for word in WORDS.findall(CODE.sub("", text)):
            yield Finding(path, line, word, text.strip().partition("\n")[0][:100])


def python_texts(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and text of the comments and of the strings of several words. Names in f-strings are not texts."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and not NOT_PROSE.match(token.string):
            yield token.start[0], token.string
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and not NOT_PROSE.match(node.value):
            yield node.lineno, node.value


def markdown_texts(source: str) -> Iterator[tuple[int, str]]:
    """Yield the lines outside of code blocks."""
    is_code = False
    for number, line in enumerate(source.splitlines(), 1):
        if line.startswith("```"):
            is_code = not is_code
        elif not is_code and not line.startswith("    "):
            yield number, line


def checked_files() -> Iterator[Path]:
    for path in sorted([*ROOT.rglob("*.py"), *ROOT.rglob("*.md")]):
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith((".", *UNCHECKED, *EXCEPTIONS)) and "/migrations/" not in name:
            yield path


def main() -> int:
    found = [
        finding
        for path in checked_files()
        for finding in findings(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
    ]
    for finding in found:
        print(f"{finding.path}:{finding.line}: {finding.word}: {finding.text}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
