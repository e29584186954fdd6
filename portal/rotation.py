"""New keys for what is encrypted, while the portal runs; new blind indexes, while it stands still.

Columns and files are found by looking at the models, so a new one cannot be forgotten. A value names its key in its first
bytes: what was done already is passed over, and a run that was interrupted is taken up by the next one.
"""

# ruff: noqa: S608 - tables and columns are names of models, values go in as parameters

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db import connection, models, transaction
from psycopg2.extras import execute_values

from portal import crypto
from portal.fields import EncryptedTextField
from portal.storage import EncryptedStorage

AT_ONCE = 1000
INDEXED_AT_ONCE = 20_000
Progress = Callable[[int], None]


class ValuesRemainError(Exception):
    """Something is still under an older key: held by somebody else just now, or unreadable."""


@dataclass(frozen=True)
class Column:
    """A column of a table, and the table's key."""

    table: str
    key: str
    name: str

    def __str__(self) -> str:
        return f"{self.table}.{self.name}"


def encrypted_columns() -> list[Column]:
    return _columns(lambda field: isinstance(field, EncryptedTextField))


@dataclass(frozen=True)
class Files(Column):
    """A column with the names of encrypted files, and the storage that reads them."""

    storage: EncryptedStorage


def encrypted_files() -> list[Files]:
    return [
        Files(model._meta.db_table, str(model._meta.pk.column), str(field.column), field.storage)
        for model in apps.get_models()
        for field in model._meta.local_concrete_fields
        if isinstance(field, models.FileField) and isinstance(field.storage, EncryptedStorage)
    ]


def _columns(wanted: Callable[[Any], bool]) -> list[Column]:
    return [
        Column(model._meta.db_table, str(model._meta.pk.column), str(field.column))
        for model in apps.get_models()
        for field in model._meta.local_concrete_fields
        if wanted(field)
    ]


# Values


def values_left(column: Column) -> int:
    """Count the values that are not under the newest key."""
    return _count(
        f"SELECT count(*) FROM {column.table} WHERE {_IS_OLD.format(column.name)}", [crypto.newest_id()]
    )


_IS_OLD = "substring({} from 1 for 4) <> %s"


def values_rotate(column: Column, progress: Progress) -> None:
    """Encrypt every value anew, some at a time. Rows that somebody holds are passed over and tried again."""
    while left := values_left(column):
        last, done = None, 0
        while batch := _values_some(column, last):
            last, count = batch
            done += count
            progress(count)
        if not done:
            raise ValuesRemainError(f"{column}: {left} values are in use by others just now.")


@transaction.atomic
def _values_some(column: Column, after: Any) -> tuple[Any, int] | None:
    """Do the next rows after a key; return the last key and how many, or None when there are none."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT {column.key}, {column.name} FROM {column.table}
            WHERE {_IS_OLD.format(column.name)} {"AND " + column.key + " > %s" if after is not None else ""}
            ORDER BY {column.key} LIMIT {AT_ONCE} FOR NO KEY UPDATE SKIP LOCKED
            """,
            [crypto.newest_id(), *([after] if after is not None else [])],
        )
        rows = cursor.fetchall()
        if not rows:
            return None
        renewed = [(key, crypto.encrypt_bytes(crypto.decrypt_bytes(bytes(value)))) for key, value in rows]
        execute_values(
            cursor.cursor,
            f"""
            UPDATE {column.table} SET {column.name} = renewed.value
            FROM (VALUES %s) AS renewed (key, value) WHERE {column.table}.{column.key} = renewed.key
            """,
            renewed,
            page_size=AT_ONCE,
        )
    return rows[-1][0], len(rows)


# Files


def files_rotate(column: Files, progress: Progress) -> int:
    """Encrypt every file anew in its place; return how many are missing on disk."""
    missing = 0
    for key in _keys(column):
        with transaction.atomic():
            missing += not _file_rotate(column, key)
        progress(1)
    return missing


def files_count(column: Column) -> int:
    return _count(f"SELECT count(*) FROM {column.table} WHERE {column.name} <> ''", [])


def _keys(column: Column) -> Iterator[Any]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {column.key} FROM {column.table} WHERE {column.name} <> '' ORDER BY {column.key}"
        )
        yield from (key for (key,) in cursor.fetchall())


def _file_rotate(column: Files, key: Any) -> bool:
    """Renew one file under the lock of its row, so that nobody deletes it meanwhile; False when it is not there."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {column.name} FROM {column.table} WHERE {column.key} = %s FOR NO KEY UPDATE", [key]
        )
        row = cursor.fetchone()
    if row is None:
        return True
    path = Path(column.storage.path(row[0]))
    if not path.exists():
        return False
    stored = path.read_bytes()
    if stored[: len(crypto.newest_id())] != crypto.newest_id():
        _replace(path, crypto.encrypt_bytes(column.storage.reveal(stored)))
    return True


def _replace(path: Path, content: bytes) -> None:
    """Put a file in the place of another in one step: whoever reads sees the one or the other, never a part."""
    temporary = path.with_suffix(".renewed")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


# Blind indexes


@dataclass(frozen=True)
class Index:
    """A blind index: the column of hashes and, in the same table, the encrypted column that it is made of."""

    kind: str
    hashes: Column
    source: Column


def blind_indexes() -> list[Index]:
    """Return every hash that can be made anew from the value beside it: `x_hash` beside an encrypted `x`."""
    encrypted = {(column.table, column.name): column for column in encrypted_columns()}
    return [
        Index(hashes.name.removesuffix("_hash"), hashes, source)
        for hashes in _hash_columns()
        if (source := encrypted.get((hashes.table, hashes.name.removesuffix("_hash"))))
    ]


def borrowed_indexes() -> list[Column]:
    """Return the hashes that stand alone; they are found again through the table that has value and hash."""
    own = {str(index.hashes) for index in blind_indexes()}
    return [column for column in _hash_columns() if str(column) not in own]


def _hash_columns() -> list[Column]:
    names = {f"{column.name}_hash" for column in encrypted_columns()}
    return _columns(lambda field: isinstance(field, models.BinaryField) and field.column in names)


@transaction.atomic
def indexes_renew(progress: Progress) -> int:
    """Make all blind indexes anew under the newest key, in one transaction that nobody can write beside.

    Returns how many rows were deleted: those whose hash stands alone and belongs to nobody that the portal knows, so that
    it cannot be made anew. Raises `ValuesRemainError` while anything is encrypted under an older key.
    """
    indexes, borrowed = blind_indexes(), borrowed_indexes()
    if left := sum(values_left(column) for column in encrypted_columns()):
        raise ValuesRemainError(
            f"{left} values are under an older key. Run rotate_keys without --reindex first."
        )
    tables = {column.table for column in (*(index.hashes for index in indexes), *borrowed)}
    with connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {', '.join(sorted(tables))} IN ACCESS EXCLUSIVE MODE")
        cursor.execute("CREATE TEMPORARY TABLE known_hash (kind text, old bytea, new bytea) ON COMMIT DROP")
        for index in indexes:
            _index_renew(cursor, index, progress)
        return sum(_borrowed_renew(cursor, column) for column in borrowed)


def _index_renew(cursor: Any, index: Index, progress: Progress) -> None:
    hashes = index.hashes
    cursor.execute(
        f"CREATE TEMPORARY TABLE renewed ON COMMIT DROP AS SELECT {hashes.key} AS key, {hashes.name} AS hash "
        f"FROM {hashes.table} WITH NO DATA"
    )
    for rows in _sources(index):
        lines = (f"{key}\t\\\\x{crypto.newest_blind_index(index.kind, text).hex()}\n" for key, text in rows)
        cursor.copy_expert("COPY renewed FROM STDIN", StringIO("".join(lines)))
        progress(len(rows))
    cursor.execute(
        f"INSERT INTO known_hash SELECT DISTINCT %s, t.{hashes.name}, r.hash "
        f"FROM {hashes.table} t JOIN renewed r ON r.key = t.{hashes.key} WHERE t.{hashes.name} IS NOT NULL",
        [index.kind],
    )
    cursor.execute(
        f"UPDATE {hashes.table} SET {hashes.name} = renewed.hash FROM renewed "
        f"WHERE {hashes.table}.{hashes.key} = renewed.key AND {hashes.name} IS NOT NULL"
    )
    cursor.execute("DROP TABLE renewed")


def _sources(index: Index) -> Iterator[list[tuple[Any, str]]]:
    """Read key and value in chunks, by a cursor of the server's."""
    source = index.source
    with connection.chunked_cursor() as reader:
        reader.execute(
            f"SELECT {source.key}, {source.name} FROM {source.table} WHERE {source.name} IS NOT NULL"
        )
        while rows := reader.fetchmany(INDEXED_AT_ONCE):
            yield [(key, crypto.decrypt(bytes(value))) for key, value in rows]


def _borrowed_renew(cursor: Any, column: Column) -> int:
    kind = column.name.removesuffix("_hash")
    cursor.execute(
        f"DELETE FROM {column.table} t WHERE NOT EXISTS "
        f"(SELECT FROM known_hash k WHERE k.kind = %s AND k.old = t.{column.name})",
        [kind],
    )
    deleted: int = cursor.rowcount
    cursor.execute(
        f"UPDATE {column.table} t SET {column.name} = k.new "
        f"FROM (SELECT DISTINCT old, new FROM known_hash WHERE kind = %s) k WHERE k.old = t.{column.name}",
        [kind],
    )
    return deleted


def index_rows() -> int:
    return sum(
        _count(f"SELECT count(*) FROM {index.source.table} WHERE {index.source.name} IS NOT NULL", [])
        for index in blind_indexes()
    )


def _count(query: str, parameters: list[Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return int(cursor.fetchone()[0])


def keys_fit() -> bool:
    """Tell whether the oldest key listed is the one that the stored hashes were made with.

    With another one nobody would be found and everybody could register a second time.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT id_number, id_number_hash FROM accounts_person LIMIT 1")
        row = cursor.fetchone()
    if row is None:
        return True
    try:
        return crypto.blind_index("id_number", crypto.decrypt(bytes(row[0]))) == bytes(row[1])
    except crypto.UnreadableFieldError:
        return False
