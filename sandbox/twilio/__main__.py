"""The emulated Twilio as a process: `python -m sandbox.twilio`, on 127.0.0.1 and EMULATOR_PORT.

A process of its own, because a web worker that calls itself dead-locks. It installs little more than this app: a
carrier needs neither admin nor REST framework in its memory. What it knows is in tables, so it may die at any moment.
"""

from importlib import import_module

import django
from django.conf import settings as django_settings

from config import settings


def main() -> None:
    """Serve until told to end."""
    service = {name: getattr(settings, name) for name in dir(settings) if name.isupper()}
    django_settings.configure(**service | {"INSTALLED_APPS": ["core.operations", "sandbox"]})
    django.setup()
    # Not at the top: the server's models can be imported only now.
    import_module("sandbox.twilio.server").run(settings.EMULATOR_PORT)


if __name__ == "__main__":
    main()
