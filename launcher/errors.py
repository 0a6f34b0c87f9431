"""Errors of `./pride`: one line, exit status 1."""


class Refusal(Exception):
    """What is wrong, in one line for the person at the terminal."""
