"""Statements that PostgreSQL plans once a connection instead of at each call: half the time of a small join."""

from dataclasses import dataclass
from itertools import count
from typing import Any
from weakref import WeakKeyDictionary

from django.db import DatabaseError, connection, transaction

_ready: "WeakKeyDictionary[Any, set[str]]" = WeakKeyDictionary()
"""The names prepared on each connection of the driver; a new connection knows none."""


@dataclass(frozen=True)
class Prepared:
    """A query with ``%s`` for each of ``types``, under a name of its own."""

    name: str
    types: tuple[str, ...]
    sql: str

    def row(self, *values: Any) -> tuple[Any, ...] | None:
        """Return the first row. Inside a transaction, and behind a pooler that mixes connections, it is planned anew."""
        with connection.cursor() as cursor:
            if transaction.get_connection().in_atomic_block or not self._execute(cursor, values):
                cursor.execute(self.sql, values)
            found: tuple[Any, ...] | None = cursor.fetchone()
        return found

    def _execute(self, cursor: Any, values: tuple[Any, ...]) -> bool:
        ready = _ready.setdefault(connection.connection, set())
        try:
            if self.name not in ready:
                cursor.execute(self._prepare())
                ready.add(self.name)
            cursor.execute(f"EXECUTE {self.name}({', '.join('%s' for _ in self.types)})", values)
        except DatabaseError:
            connection.ensure_connection()
            return False
        return True

    def _prepare(self) -> str:
        places = count(1)
        first, *rest = self.sql.split("%s")
        numbered = first + "".join(f"${next(places)}{part}" for part in rest)
        return f"PREPARE {self.name}({', '.join(self.types)}) AS {numbered}"
