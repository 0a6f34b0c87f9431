"""Lead routes in the admin: list, form and preview."""
