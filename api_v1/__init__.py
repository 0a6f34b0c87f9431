"""LionDesk's first API: `POST /` with an `action`. Each of its calls is told to the resources of v2."""
