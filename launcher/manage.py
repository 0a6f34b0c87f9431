"""The operator's commands (user, token, app) as `./pride` offers them: under its name, without Django's options."""

import gc
import os
import sys

from django.core.management import BaseCommand, execute_from_command_line

DJANGOS = ["version", "verbosity", "settings", "pythonpath", "traceback", "no-color", "force-color"]

if __name__ == "__main__":
    gc.disable()  # a process of a second, most of it imports: nothing is worth collecting
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    BaseCommand.suppressed_base_arguments = {f"--{name}" for name in DJANGOS}
    execute_from_command_line(["pride", *sys.argv[1:]])
