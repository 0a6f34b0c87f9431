"""POST /lead-routes/simulate: reads the request and shows the result."""
