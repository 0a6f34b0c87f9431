"""What PostgreSQL itself can do: the reference of the engines."""

import time

import psycopg
from psycopg import sql

from benchmarks.measure import Sample
from benchmarks.place import PRODUCT, url_of

BATCH = 100


def session() -> "psycopg.Connection[tuple[object, ...]]":
    """A separate session in the product's database."""
    return psycopg.connect(url_of(PRODUCT), autocommit=True)


def twin(table: str) -> str:
    """A table of the same shape, with the same indexes, and empty."""
    name = f"raw_{table}"
    with session() as database:
        database.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(name)))
        database.execute(
            sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING ALL)").format(sql.Identifier(name), sql.Identifier(table))
        )
    return name


def claim_all(table: str, take: sql.Composable) -> Sample:
    """Run the statement `take`, which claims up to a batch of rows of `table`, until there is nothing to claim."""
    with session() as database:
        database.execute(sql.SQL("VACUUM ANALYZE {}").format(sql.Identifier(table)))
        claimed, started_at, cpu = 0, time.perf_counter(), time.process_time()
        while taken := len(database.execute(take, [BATCH]).fetchall()):
            claimed += taken
        seconds, cpu = time.perf_counter() - started_at, time.process_time() - cpu
    return Sample(claimed / seconds, 1000 * cpu / claimed)


def copy_out(table: str) -> bytes:
    """All rows of a table, as COPY writes them."""
    statement = sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))
    with session() as database, database.cursor().copy(statement) as copy:
        return b"".join(bytes(piece) for piece in copy)


def copy_in(tables: dict[str, bytes]) -> float:
    """Load tables with rows by COPY, in one transaction; how many seconds it took."""
    with psycopg.connect(url_of(PRODUCT)) as database:
        started_at = time.perf_counter()
        for table, rows in tables.items():
            with database.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))) as copy:
                copy.write(rows)
        database.commit()
        return time.perf_counter() - started_at
