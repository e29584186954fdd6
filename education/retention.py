"""What this room keeps only for a time: batches never submitted, the tables of decided ones, claims, keys of repetition."""

from datetime import datetime
from functools import partial

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from portal.retention import Expiring, deleting, register_expiring
from portal.storage import EncryptedStorage

# One that is being submitted just now is locked, and passed over. A chain of corrections goes from its end, one a run.
_ABANDONED = """
SELECT b.id, b.file FROM education_batch b
WHERE b.submitted_at IS NULL AND b.uploaded_at < %s
  AND NOT EXISTS (SELECT FROM education_batch later WHERE later.corrects_id = b.id)
FOR UPDATE SKIP LOCKED
"""


def abandoned_remove(before: datetime) -> int:
    """Delete batches that were uploaded before a moment and never submitted; their files go with the commit."""
    return _emptied(_ABANDONED, before, "DELETE FROM education_batch WHERE id = ANY(%s)")


# The hours live on as records, the decision with the batch. What is still on its way, or might be taken back, stays whole.
_DECIDED = """
SELECT b.id, b.file FROM education_batch b
WHERE b.decided_at < %s AND b.file <> ''
  AND NOT EXISTS (SELECT FROM education_delivery d WHERE d.batch_id = b.id AND d.state = 'waiting')
  AND NOT EXISTS (SELECT FROM education_reversal r WHERE r.batch_id = b.id AND r.state = 'proposed')
  AND NOT EXISTS (SELECT FROM education_batch later WHERE later.corrects_id = b.id AND later.decided_at IS NULL)
FOR UPDATE SKIP LOCKED
"""


def decided_thin(before: datetime) -> int:
    """Delete file, rows and problems of batches that were decided before a moment; the batch itself stays."""
    return _emptied(_DECIDED, before, "UPDATE education_batch SET file = '' WHERE id = ANY(%s)")


def _emptied(select: str, before: datetime, finish: str) -> int:
    """Take rows, problems and file away from the batches that ``select`` finds, then ``finish`` them; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(select, [before])
        found = cursor.fetchall()
        ids = [batch_id for batch_id, _file in found]
        for table in ("education_rowproblem", "education_batchrow"):
            cursor.execute(f"DELETE FROM {table} WHERE batch_id = ANY(%s)", [ids])  # noqa: S608 - two names
        cursor.execute(finish, [ids])
    storage = EncryptedStorage()
    for _id, file in found:
        if file:
            transaction.on_commit(partial(storage.delete, file))
    return len(ids)


_KEYS = "UPDATE education_batch SET idempotency_key = NULL WHERE uploaded_at < %(before)s AND idempotency_key IS NOT NULL"


def register() -> None:
    for expiring in (
        Expiring("abandoned_batch", _("Batches that were never submitted"), abandoned_remove),
        Expiring("decided_batch", _("Files and rows of batches that were decided"), decided_thin),
        Expiring(
            "claim",
            _("Courses that people named themselves"),
            deleting("DELETE FROM education_claim WHERE claimed_at < %(before)s"),
        ),
        Expiring("idempotency_key", _("Keys by which a repeated upload is known"), deleting(_KEYS)),
    ):
        register_expiring(expiring)
