"""What happened to a lead: the trace and the timeline."""
