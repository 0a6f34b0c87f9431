"""Messages, templates and one-to-one messaging in the admin."""

from messaging.admin import messages

__all__ = ["messages"]
