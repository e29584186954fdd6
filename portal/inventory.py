"""What a database holds and how it guards it: to see that a restored one is the one that was saved."""

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from django.db import connection, transaction

Inventory: TypeAlias = Mapping[str, Mapping[str, str | int]]

_PARTS = {
    "columns": """
SELECT table_name || '.' || column_name, concat_ws(' ', data_type, is_nullable, column_default)
FROM information_schema.columns WHERE table_schema = 'public'""",
    "constraints": """
SELECT conrelid::regclass || ' ' || conname, pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid <> 0""",
    "indexes": "SELECT indexname::text, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "triggers": """
SELECT tgrelid::regclass || ' ' || tgname, tgenabled::text || ' ' || pg_get_triggerdef(oid)
FROM pg_trigger WHERE NOT tgisinternal""",
    "functions": """
SELECT oid::regprocedure::text, pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace""",
    "sequences": "SELECT sequencename::text, coalesce(last_value, 0) FROM pg_sequences WHERE schemaname = 'public'",
}
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"


def inventory_take() -> Inventory:
    """Count the rows of every table and list what guards them, all at one moment."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        cursor.execute(_TABLES)
        tables = [table for (table,) in cursor.fetchall()]
        found: dict[str, dict[str, str | int]] = {"rows": {}}
        for table in tables:
            cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")  # noqa: S608 - a name of the catalogue
            found["rows"][table] = cursor.fetchone()[0]
        for part, query in _PARTS.items():
            cursor.execute(query)
            found[part] = dict(sorted(cursor.fetchall()))
    return found


def inventory_differences(before: Inventory, after: Inventory) -> Iterator[str]:
    """Yield a line for each thing that is missing, new or different."""
    for part in sorted(before.keys() | after.keys()):
        old, new = before.get(part, {}), after.get(part, {})
        for name in sorted(old.keys() | new.keys()):
            if old.get(name) != new.get(name):
                yield f"{part}: {name}: {old.get(name, 'nothing')} → {new.get(name, 'nothing')}"
