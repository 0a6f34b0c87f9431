"""Which lead route a lead takes. Decides; changes nothing."""
