"""The gate of the exchange window.

Whoever may only act while the window is open takes the gate shared; the closing takes it alone. So the closing waits for
every click that is being decided, and counts it; a click that comes later is decided after it. Admissibility itself
never depends on the closing: each click is judged by the moment at which it holds its locks.
"""

from django.db import connection

_GATE = 0x7A_77_69_6E  # an application-wide number for PostgreSQL's advisory locks


def enter_gate() -> None:
    """Hold the gate, together with others, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [_GATE])


def close_gate() -> None:
    """Hold the gate alone until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_GATE])
