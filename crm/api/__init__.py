"""Contacts, their vocabulary and their history over HTTP."""

from crm.api.views import ActivityResource, ContactResource, ContactSourceResource, EventPropertyResource, EventResource

__all__ = ["ActivityResource", "ContactResource", "ContactSourceResource", "EventPropertyResource", "EventResource"]
