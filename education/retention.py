"""What this room keeps only for a time: batches that were never submitted, with the people in them."""

from datetime import datetime
from functools import partial

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from portal.retention import Expiring, register_expiring
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
    with connection.cursor() as cursor:
        cursor.execute(_ABANDONED, [before])
        found = cursor.fetchall()
        ids = [batch_id for batch_id, _file in found]
        for table in ("education_rowproblem", "education_batchrow"):
            cursor.execute(f"DELETE FROM {table} WHERE batch_id = ANY(%s)", [ids])  # noqa: S608 - two names
        cursor.execute("DELETE FROM education_batch WHERE id = ANY(%s)", [ids])
    storage = EncryptedStorage()
    for _id, file in found:
        if file:
            transaction.on_commit(partial(storage.delete, file))
    return len(ids)


def register() -> None:
    register_expiring(Expiring("abandoned_batch", _("Batches that were never submitted"), abandoned_remove))
