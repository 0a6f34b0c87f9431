"""Functions that change leads: intake, offers, claims, reassignment, merge, pond."""
