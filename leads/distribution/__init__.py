"""Which members are offered a lead, in which order and when."""
