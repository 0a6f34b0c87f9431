"""The check of `./pride lint` for words that CONTRIBUTING.md replaces."""

import pytest

from launcher.plain_english import findings


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ('"""Alert whoever is next."""', ["whoever"]),
        ("x = 1  # Nobody reads it.", ["Nobody"]),
        ('LABEL = "Minutes until it goes on"', ["goes on"]),
        ('raise ValueError(f"user {pk} is told of it")', ["told"]),
        ('"""It is no lead of theirs."""', ["is no lead"]),
        ('"""It is no longer open. There is no lead."""', []),
        ('"""Call `tell_owner`, see https://example.com/whoever."""', []),
        ('code = "nobody"', []),  # one word is a code
        ("nobody = 5", []),
        ('SQL = "SELECT told FROM offers"', []),
    ],
)
def test_words_are_found_in_comments_docstrings_and_texts(source, words):
    assert [finding.word for finding in findings("leads/example.py", source)] == words


def test_a_finding_has_its_line():
    (finding,) = findings("example.md", "# Leads\n\nThe agent says no.\n\n    code says no\n")
    assert (finding.path, finding.line, finding.word) == ("example.md", 3, "says")
