"""A clerk brings a file (2.2). The same file, or the same key, is the same batch."""

import hashlib

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.db import transaction
from django.db.models import Q

from education.events import Verb
from education.models import Batch, BatchRow, BatchState, RowProblem
from education.progress import progress_abandon
from education.services.moves import locked, move, require_clerk
from education.tasks import check_batch
from institutions.models import Institution
from portal import clock
from portal.background import ask_worker
from portal.events.services import Actor, event_record
from portal.identity import Problem

CORRECTABLE = frozenset({BatchState.CHECKED, BatchState.RETURNED, BatchState.FAILED})
ENDED = (BatchState.FAILED, BatchState.RETURNED)


class FileRefusedAtUploadError(Exception):
    """The file is empty or too large; `problem` says so in words through `portal.tables.messages.describe`."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


class IdempotencyKeyReusedError(Exception):
    """The key came before with another file; ``batch`` is the one that it stands for."""

    def __init__(self, batch: Batch) -> None:
        super().__init__("The key belongs to another file.")
        self.batch = batch


class CannotCorrectError(Exception):
    """The batch to be corrected is on its way or decided, or has a correction already."""

    def __init__(self, batch: Batch) -> None:
        super().__init__(f"The batch is {batch.state} or was corrected before.")
        self.batch = batch


def batch_upload(
    *,
    institution: Institution,
    file: "File[bytes]",
    filename: str,
    by: Actor,
    idempotency_key: str | None = None,
    corrects: Batch | None = None,
    merges: bool = False,
) -> Batch:
    """Keep a file as a new batch and have it checked; return the earlier batch of the same file or key.

    A correction of a returned batch keeps that batch's place in its month. With ``merges`` the file holds corrected rows
    alone, each with its number; all others stay as they are in ``corrects``. Raises `NotOfInstitutionError`,
    `FileRefusedAtUploadError`, `IdempotencyKeyReusedError` or `CannotCorrectError`; then nothing is kept.
    """
    user = require_clerk(by, institution)
    content = _content(file)
    sha256 = hashlib.sha256(content).hexdigest()
    with transaction.atomic():
        Institution.objects.select_for_update().get(
            pk=institution.pk
        )  # one upload of an institution at a time
        if earlier := _same(institution, sha256, idempotency_key, corrects):
            return earlier
        batch = Batch(
            institution=institution,
            uploaded_by=user,
            filename=filename[-200:],
            sha256=sha256,
            idempotency_key=idempotency_key,
            uploaded_at=clock.now(),
        )
        if corrects:
            _take_over(batch, corrects, merges=merges)
        _store(batch, content)
        event_record(
            Verb.UPLOADED,
            at=batch.uploaded_at,
            by=by,
            subject=batch,
            institution=institution.code,
            sha256=sha256,
            corrects=str(corrects.pk) if corrects else None,
        )
        ask_worker(check_batch, str(batch.pk))
    return batch


@transaction.atomic
def batch_cancel(*, batch: Batch, by: Actor) -> Batch:
    """Call off a check that waits or runs; the file stays as one that was not read.

    Raises `NotOfInstitutionError`, or `BatchStateError` when the check is over; then nothing has changed.
    """
    batch = locked(batch.pk)
    require_clerk(by, batch.institution)
    move(batch, BatchState.FAILED)
    batch.failure, batch.checked_at = {"code": "cancelled", "params": {}}, clock.now()
    batch.rows_total = batch.rows_valid = batch.warnings = batch.errors = 0
    batch.save()
    RowProblem.objects.filter(batch=batch).delete()
    BatchRow.objects.filter(batch=batch).delete()
    event_record(Verb.CANCELLED, at=batch.checked_at, by=by, subject=batch)
    transaction.on_commit(lambda: progress_abandon(batch.pk))
    return batch


def _content(file: "File[bytes]") -> bytes:
    limit: int = settings.BATCH_MAX_BYTES
    content: bytes = file.read(limit + 1)
    if not content:
        raise FileRefusedAtUploadError(Problem("file_empty"))
    if len(content) > limit:
        size = f"{max(file.size, len(content)) / (1 << 20):.1f} MB"
        raise FileRefusedAtUploadError(
            Problem("file_too_large", {"size": size, "limit": f"{limit >> 20} MB"})
        )
    return content


def _same(institution: Institution, sha256: str, key: str | None, corrects: Batch | None) -> Batch | None:
    batches = Batch.objects.filter(institution=institution)
    keyed = batches.filter(idempotency_key=key).first() if key else None
    if keyed and (keyed.sha256 != sha256 or (corrects and keyed.corrects_id != corrects.pk)):
        raise IdempotencyKeyReusedError(keyed)
    return keyed or batches.filter(~Q(state__in=ENDED), sha256=sha256, reversed_at__isnull=True).first()


def _take_over(batch: Batch, corrects: Batch, *, merges: bool) -> None:
    earlier = Batch.objects.select_for_update().filter(pk=corrects.pk, institution=batch.institution).first()
    if earlier is None or earlier.state not in CORRECTABLE or hasattr(earlier, "correction"):
        raise CannotCorrectError(corrects)
    if merges and earlier.state == BatchState.FAILED:
        raise CannotCorrectError(corrects)  # it has no rows that could stay
    batch.corrects, batch.merges = earlier, merges
    batch.quota_month, batch.quota_place = earlier.quota_month, earlier.quota_place


def _store(batch: Batch, content: bytes) -> None:
    batch.file.save(batch.filename, ContentFile(content), save=False)
    try:
        with transaction.atomic():
            batch.save()
    except BaseException:
        batch.file.storage.delete(str(batch.file.name))
        raise
