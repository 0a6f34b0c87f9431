"""Messages from a person to a contact: not scheduled, and not to users."""
