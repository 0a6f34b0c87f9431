"""List endpoints: query parameters, filters, sorting and pagination."""
