"""`./pride bench [NAMES] [--quick]`: measure, print one table, write bench.json."""

import argparse
import importlib
import os
import pkgutil
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

import django

import benchmarks
from benchmarks.measure import Result, measured
from benchmarks.place import INSTALLATION, PRODUCT, Place, make_templates, remove_all, server_settings, url_of
from benchmarks.table import as_json, as_table


def main(arguments: list[str]) -> int:
    """Returns 1 when a goal was missed."""
    options = read_options(arguments)
    os.environ.update(INSTALLATION | {"SECRET_KEY": secrets.token_urlsafe(50)})
    os.environ["DATABASE_URL"] = url_of(PRODUCT)
    django.setup()
    home = Path(tempfile.mkdtemp(prefix="pride-bench-"))
    home.chmod(0o711)  # root's PostgreSQL, which has another account, gets in, and leaves nothing elsewhere
    try:
        make_templates()
        results = [result for name in options.names for result in run(name, home, options.quick)]
        print(as_table(results))
        Path("bench.json").write_text(as_json(results, server_settings(), options.quick))
    finally:
        remove_all()
        shutil.rmtree(home)
    return 1 if any(result.met is False for result in results) else 0


def read_options(arguments: list[str]) -> argparse.Namespace:
    known = workloads()
    parser = argparse.ArgumentParser(prog="./pride bench", description="Compare the service with bare references.")
    parser.add_argument("names", nargs="*", help=f"which workloads (default: all): {' '.join(known)}")
    parser.add_argument("--quick", action="store_true", help="a tenth of everything: does it run, not how fast is it")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.names if name.lower() not in known]:
        parser.error(f"there is no workload {unknown[0]}; there are {' '.join(known)}")
    options.names = [name.lower() for name in options.names] or list(known)
    return options


def workloads() -> dict[str, str]:
    """The modules that measure something, by the name before the underscore: w1_intake is `w1`."""
    found = sorted(module.name for module in pkgutil.iter_modules(benchmarks.__path__))
    return {name.split("_")[0]: f"benchmarks.{name}" for name in found if name[0] == "w" and name[1].isdigit()}


def run(name: str, home: Path, quick: bool) -> list[Result]:
    """One workload, in its own environment."""
    module = importlib.import_module(workloads()[name])
    with Place(home, quick) as place:
        return [measured(line, say) for line in module.prepare(place)]


def say(text: str) -> None:
    """Show a person that something happens, on one line that is written over."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
