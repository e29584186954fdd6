"""Counting how often each certificate is checked, without a word about who checked."""

from uuid import UUID

from django.db import connection

from certificates.verification import Verification
from portal.tally import tally_add, tally_take

_TALLY = "checks"
_WRITE = """
INSERT INTO certificates_verificationcount (subject_id, day, checks)
SELECT * FROM unnest(%s::uuid[], %s::date[], %s::int[])
ON CONFLICT (subject_id, day) DO UPDATE SET checks = certificates_verificationcount.checks + excluded.checks
"""


def check_count(answer: Verification) -> None:
    """Count a check of a certificate that exists, on the day of the answer."""
    if answer.subject_id:
        tally_add(_TALLY, f"{answer.as_of.date()}:{answer.subject_id.hex}")


def checks_write() -> int:
    """Write the counts down that came since the last time; return how many certificates were checked.

    What was taken and is not written, because the process or the database fails in between, is lost; it is a count.
    """
    counts = tally_take(_TALLY)
    if not counts:
        return 0
    days, subjects = zip(*(key.split(":") for key in counts), strict=True)
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, [[str(UUID(each)) for each in subjects], list(days), list(counts.values())])
    return len(counts)
