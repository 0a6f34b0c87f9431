"""Whether a message may be sent now: consent, quiet hours and limits."""
