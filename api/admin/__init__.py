"""The admin site, and its model pages as a client of the API.

`config.urls` loads the pages: what is registered while Django makes the site, which imports this package, is lost.
"""
