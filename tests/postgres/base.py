"""PostgreSQL for tests: a flush may empty tables whose triggers refuse that, and nothing else may."""

from django.db.backends.postgresql import base, operations


class DatabaseOperations(operations.DatabaseOperations):
    def sql_flush(self, *args, **kwargs):
        statements = super().sql_flush(*args, **kwargs)
        # The events refuse TRUNCATE by trigger; a replica's session fires none. Local to the flush's own transaction.
        return ["SET LOCAL session_replication_role = replica", *statements] if statements else []


class DatabaseWrapper(base.DatabaseWrapper):
    ops_class = DatabaseOperations
