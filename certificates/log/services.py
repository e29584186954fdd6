"""Writing to the log: each change notes itself in its own transaction, and one sequencer takes the notes into the tree."""

import secrets
from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import connection, transaction

from certificates.credentials.keys import key_keep, signing_key
from certificates.credentials.models import CertificateVersion
from certificates.log import tree
from certificates.log.models import (
    FORMAT,
    SALT_BYTES,
    LeafKind,
    LogCheckpoint,
    LogLeaf,
    LogNode,
    LogPending,
    LogRecord,
)
from certificates.log.note import note_sign, origin_of
from certificates.log.statements import commitment, statement
from certificates.models import ElectronicCertificate, LegacyCertificate, WindowClosing
from portal import clock

_SEQUENCER = 0x7A_77_6C_67  # an application-wide number for PostgreSQL's advisory locks
_HASHES = "SELECT position, hash FROM certificates_lognode WHERE position = ANY(%s::bigint[])"
AT_ONCE = 5000  # leaves in one transaction
_RECORD = tuple(field.attname for field in LogRecord._meta.local_fields)


def version_record(
    kind: LeafKind, *, version: CertificateVersion, at: datetime, reason: str = "", **facts: str
) -> LogPending:
    """Return the record of a change of a certificate, whose row has the new state already.

    ``facts`` are what the statement tells besides: by which ``proposal`` or ``measure``, or the ``document``'s digest.
    """
    state = version.certificate.state
    return _committed(
        LogPending(kind=kind, at=at, version=version, state=state, reason=reason, facts=facts, salt=b"")
    )


def paper_record(kind: LeafKind, *, paper: LegacyCertificate, at: datetime) -> LogPending:
    """Return the record of the end of a paper certificate."""
    salt = secrets.token_bytes(SALT_BYTES)
    record = LogPending(kind=kind, at=at, paper=paper, state="void", reason=kind.value, facts={}, salt=salt)
    return _committed(record)


def records_write(records: Sequence[LogPending]) -> None:
    """Write records in the transaction of the changes that they are about; raises outside one."""
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("A change is logged in its own transaction.")
    LogPending.objects.bulk_create(records)


def certificate_log(
    kind: LeafKind, *, certificate: ElectronicCertificate, at: datetime, reason: str = "", **facts: str
) -> None:
    """Log a change of state of ``certificate``, whose row is locked and has the new state, by which act."""
    version = certificate.versions.select_related("photo").get(superseded_at=None)
    version.certificate = certificate
    records_write([version_record(kind, version=version, at=at, reason=reason, **facts)])


def closing_log(*, closing: WindowClosing, at: datetime) -> None:
    """Log that the window closed, with its report."""
    salt = secrets.token_bytes(SALT_BYTES)
    record = LogPending(kind=LeafKind.WINDOW_CLOSED, at=at, closing=closing, facts={}, salt=salt)
    records_write([_committed(record)])


def _committed(record: LogPending) -> LogPending:
    record.format = FORMAT
    record.commitment = commitment(statement(record))
    return record


def log_sequence() -> int:
    """Take everything that waits into the tree, and sign the new tree heads; return how many leaves came.

    One sequencer at a time: a second one waits, and finds what is left. A crash undoes a whole step.
    """
    added = 0
    while taken := _sequence_some():
        added += taken
    return added


@transaction.atomic
def _sequence_some() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_SEQUENCER])
    waiting = list(LogPending.objects.order_by("pk")[:AT_ONCE])
    if not waiting:
        return 0
    size = log_size()
    leaves = [_leaf(size + offset, record) for offset, record in enumerate(waiting)]
    LogLeaf.objects.bulk_create(leaves)
    frontier = stored_hashes(tree.complete_subtrees((0, size)))
    grown = tree.grow(size, [bytes(leaf.leaf_hash) for leaf in leaves], frontier)
    LogNode.objects.bulk_create([LogNode(position=place, hash=each) for place, each in grown.items()])
    LogPending.objects.filter(pk__in=[record.pk for record in waiting]).delete()
    span = (0, size + len(leaves))
    _checkpoint(span[1], tree.span_hash(span, frontier | grown))
    return len(leaves)


def _leaf(index: int, record: LogPending) -> LogLeaf:
    return LogLeaf(
        index=index,
        leaf_hash=tree.leaf_hash(bytes(record.commitment)),
        **{name: getattr(record, name) for name in _RECORD},
    )


def _checkpoint(size: int, root: bytes) -> None:
    at, key = clock.now(), signing_key()
    note = note_sign(origin=origin_of(settings.PUBLIC_URL), size=size, root=root, key=key)
    LogCheckpoint.objects.create(size=size, root=root, note=note, at=at)
    key_keep(key, at=at)


def log_size() -> int:
    """Return how many leaves the tree has."""
    last = LogLeaf.objects.order_by("-index").values_list("index", flat=True).first()
    return 0 if last is None else last + 1


def stored_hashes(positions: Sequence[int]) -> dict[int, bytes]:
    """Return the stored hashes at these positions, in one read."""
    with connection.cursor() as cursor:
        cursor.execute(_HASHES, [list(positions)])
        return {place: bytes(each) for place, each in cursor.fetchall()}
