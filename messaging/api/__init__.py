"""Templates and messages over HTTP, and the webhooks that Twilio calls."""

from messaging.api.serializers import refuse_placeholders

__all__ = ["refuse_placeholders"]
