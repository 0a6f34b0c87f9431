"""Constants that stand in the text of a statement, not beside it as parameters.

After five uses PostgreSQL may plan a prepared statement once for all parameters. Such a plan uses a partial index only
if the statement's text proves the index's condition: `NOT mobile_e164 = ''` does, `NOT mobile_e164 = $2` does not.
"""

from django.db.models.expressions import RawSQL

EMPTY = RawSQL("''", [])
