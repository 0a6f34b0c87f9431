"""What comes in from clients and members: texts, keywords, automatic replies and keys pressed in a call."""
