"""LionDesk's first API: `POST /` with an `action`. Each call is passed to the resources of v2."""
