"""A bare Django REST framework service: no tokens, no visibility, no routing, no trace. A ceiling, not a peer."""
