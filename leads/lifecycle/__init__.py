"""What changes a lead: intake, claims, reassignment, merges, the pond."""
