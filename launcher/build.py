"""Builds .venv from requirements.lock. `./pride` runs this with the system's Python: standard library only."""

import fcntl
import os
import shutil
import ssl
import subprocess
import sys
from pathlib import Path

UV = "uv==0.13.9"
VENV = Path(".venv")
READY = VENV / ".ready"
PYTHON = VENV / "bin" / "python"


def main(ready: str) -> None:
    """Make .venv match `ready`, the stamp that `./pride` compares. A concurrent second call waits and finds it done."""
    if not os.access(".", os.W_OK):
        sys.exit(f"pride: cannot build .venv: {Path.cwd()} is not writable for this user.")
    try:
        fcntl.flock(os.open(".", os.O_RDONLY), fcntl.LOCK_EX)
        if not is_ready(ready):
            build(ready)
    except OSError as error:
        sys.exit(f"pride: cannot build .venv in {Path.cwd()}: {error.strerror} ({error.filename})")
    except subprocess.CalledProcessError:
        sys.exit("pride: .venv could not be built; see the lines above.")


def is_ready(ready: str) -> bool:
    """Whether another `./pride` has just built it."""
    return os.access(PYTHON, os.X_OK) and READY.exists() and READY.read_text().strip() == ready


def build(ready: str) -> None:
    """Install exactly what the lock names, by a uv that lives inside .venv."""
    say("building .venv (once; a minute or less)")
    READY.unlink(missing_ok=True)
    if not stands_here():
        say("  1/3 an empty environment ...")
        make_venv()
    say("  2/3 the installer ...")
    python("-m", "pip", "install", "--quiet", UV)
    packages = sum("==" in line for line in Path("requirements.lock").read_text().splitlines())
    say(f"  3/3 {packages} packages ...")
    options: list[str | Path] = ["--quiet", *authorities(), "--python", PYTHON, "--require-hashes"]
    python("-m", "uv", "pip", "install", *options, "-r", "requirements.lock")
    READY.write_text(ready + "\n")


def say(text: str) -> None:
    print(f"pride: {text}", file=sys.stderr, flush=True)


def authorities() -> list[str]:
    """Use the system's certificate authorities, which may include a company's own: uv has its own list, pip does not.

    Without a system list, uv's is used.
    """
    system = ssl.get_default_verify_paths()
    return ["--system-certs"] if system.cafile or (system.capath and os.listdir(system.capath)) else []


def stands_here() -> bool:
    """Whether .venv runs, is new enough, and was made at this path (its scripts carry the path)."""
    try:
        made_here = f"{VENV.absolute()}/bin/" in (VENV / "bin" / "pip").read_text()
        checks = [str(PYTHON), "-c", "import pip, sys; sys.exit(sys.version_info < (3, 11))"]
        return made_here and subprocess.run(checks, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def make_venv() -> None:
    """An empty virtual environment with pip, also where the system has taken ensurepip away."""
    if VENV.exists():
        shutil.rmtree(VENV)
    if subprocess.run([sys.executable, "-m", "venv", VENV], capture_output=True, check=False).returncode == 0:
        return
    subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", VENV], check=True)
    pip = [sys.executable, "-m", "pip", "--python", str(PYTHON), "install", "--quiet", "pip"]
    if subprocess.run(pip, check=False).returncode:
        sys.exit("pride: this Python can make no virtual environment; on Debian: apt-get install python3-venv")


def python(*arguments: str | Path) -> None:
    """Run .venv's Python."""
    subprocess.run([PYTHON, *arguments], check=True)


if __name__ == "__main__":
    main(sys.argv[1])
