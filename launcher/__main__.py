"""The commands of `./pride`."""

import sys

from launcher import commands
from launcher.errors import Refusal
from launcher.supervisor import say
from launcher.up import up

USAGE = """\
        usage: ./pride COMMAND

          up [--no-sandbox] [--workers N]   start PostgreSQL, Valkey and the service, by default with a sandbox
          demo [--json]                     run both walkthroughs on the running `up`; --json shows each request
          user EMAIL --password P           create a user (--staff, --first-name, --timezone ...: see user --help)
          token EMAIL                       print an access token
          app NAME REDIRECT_URI             register an OAuth application
          manage ...                        run Django's manage.py on the running `up`
          test [pytest's arguments]         run the tests on separate servers
          lint                              run ruff, mypy, migration and deployment checks
          bench                             compare the service with bare references

        Environment variables: PORT, PRIDE_HOME, DATABASE_URL, REDIS_URL; see README.md."""

COMMANDS = {
    "up": up,
    "demo": commands.demo,
    "user": commands.user,
    "token": commands.token,
    "app": commands.app,
    "manage": commands.manage,
    "test": commands.test,
    "lint": commands.lint,
    "bench": commands.bench,
}


def main(arguments: list[str]) -> int:
    """Run the command that was asked for."""
    name, *rest = arguments or ["help"]
    if name in ("help", "-h", "--help"):
        print(USAGE)
        return 0
    if name not in COMMANDS:
        say(f"pride: there is no command {name}\n\n{USAGE}")
        return 2
    try:
        return COMMANDS[name](rest)
    except Refusal as refusal:
        say(f"pride: {refusal}")
        return 1
    except KeyboardInterrupt:  # before anything was started
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
