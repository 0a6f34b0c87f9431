"""History of a lead: trace, timeline and current status."""
