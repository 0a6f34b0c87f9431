"""PostgreSQL as this service uses it: bulk statements, retries, time-outs, lookups and type adapters."""
