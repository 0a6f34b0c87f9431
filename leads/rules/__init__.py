"""A user's routes as a team lead sets them up in the admin: sentences in their order, what is the matter, rehearsal."""
