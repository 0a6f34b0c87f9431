"""Templates and messages over HTTP, and the webhooks that Twilio calls."""

from messaging.api.serializers import refuse_placeholders
from messaging.api.views import PhoneCodeResource, PhoneConfirmationResource

__all__ = ["PhoneCodeResource", "PhoneConfirmationResource", "refuse_placeholders"]
