"""OAuth 2 on django-oauth-toolkit: log-in, tokens, scopes and their documentation."""
