"""Which phones want no texts. Messaging knows; it registers its look-up here, since teams are below it."""

from collections.abc import Callable, Collection

from core.registry import Registry

# Gets phones in E.164; returns those that have opted out.
OptOutLookup = Callable[[Collection[str]], Collection[str]]
opt_out_lookups: Registry[OptOutLookup] = Registry()
