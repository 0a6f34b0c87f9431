"""What would become of leads, rehearsed: the decisions that are made for real, made without a trace."""
