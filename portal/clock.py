"""The only place that reads a clock.

The database's clock decides, so that web servers, workers and the scheduler agree however their own clocks drift. With
``PORTAL_NOW`` set (never in production) time starts there and runs on; the row in ``portal_simulatedclock`` keeps the
shift for every process, and the demo's strip moves it.
"""

from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import connection

from portal.policy import SHANGHAI, day_of

_SIMULATED = (
    "SELECT configured, base + (clock_timestamp() - anchor) * rate FROM portal_simulatedclock WHERE id = 1"
)
_SET = """
INSERT INTO portal_simulatedclock (id, configured, base, anchor, rate) VALUES (1, %s, %s, clock_timestamp(), %s)
ON CONFLICT (id) DO UPDATE
SET configured = excluded.configured, base = excluded.base, anchor = excluded.anchor, rate = excluded.rate
"""


class ClockRefusedError(Exception):
    """The clock is real here, or would have to run backwards."""


def is_simulated() -> bool:
    return settings.PORTAL_NOW is not None or settings.DEPLOYMENT == "test"


def now() -> datetime:
    """Return this moment, aware, in Asia/Shanghai. Inside a transaction it goes on running: a wait for a lock counts."""
    moment = _simulated_now() if is_simulated() else _database_now()
    return moment.astimezone(SHANGHAI)


def today() -> date:
    return day_of(now())


def move_to(moment: datetime, *, running: bool = True) -> None:
    """Set the simulated clock; ``running=False`` stops it there. Raises `ClockRefusedError` where time is real."""
    if not is_simulated():
        raise ClockRefusedError("The clock of this deployment is real and cannot be moved.")
    configured = settings.PORTAL_NOW.isoformat() if settings.PORTAL_NOW else ""
    with connection.cursor() as cursor:
        cursor.execute(_SET, [configured, moment, 1 if running else 0])


def _database_now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment


def _simulated_now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute(_SIMULATED)
        row = cursor.fetchone()
    if settings.PORTAL_NOW is None:
        return row[1] if row else _database_now()
    if row is None or row[0] != settings.PORTAL_NOW.isoformat():
        move_to(settings.PORTAL_NOW)
        return settings.PORTAL_NOW
    moment: datetime = row[1]
    return moment


def real_now() -> datetime:
    """Return this moment by the database's own clock, also where time is simulated.

    For what meets the devices of real people: sessions, one-time codes, the lifetimes of links that are handed over.
    """
    return _database_now().astimezone(SHANGHAI)


def machine_now() -> datetime:
    """Return this machine's own time, for a command that checks something without any database."""
    return datetime.now(SHANGHAI)


def end_of_day(last: date) -> datetime:
    """Return the first moment after ``last`` in Asia/Shanghai: a deadline "by ``last``" holds before it."""
    return datetime.combine(last + timedelta(days=1), datetime.min.time(), SHANGHAI)
