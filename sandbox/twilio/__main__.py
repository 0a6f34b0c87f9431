"""The Twilio emulator as a process: `python -m sandbox.twilio`, on 127.0.0.1 and EMULATOR_PORT.

A separate process, because a web worker that calls itself deadlocks. It loads little more than this app: the emulator
needs neither the admin nor REST framework. Its state is in tables, so it may stop at any moment.
"""

from importlib import import_module

import django
from django.conf import settings as django_settings

from config import settings


def main() -> None:
    """Serve until a signal."""
    service = {name: getattr(settings, name) for name in dir(settings) if name.isupper()}
    django_settings.configure(**service | {"INSTALLED_APPS": ["core.operations", "sandbox"]})
    django.setup()
    # Not at the top: the server's models can be imported only now.
    import_module("sandbox.twilio.server").run(settings.EMULATOR_PORT)


if __name__ == "__main__":
    main()
