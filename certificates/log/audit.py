"""Recomputes the whole log from its leaves, and holds every leaf against the row that it is about.

Finds what was altered behind the portal's back, and names it: a certificate whose row no longer fits its leaf, a state
that no leaf tells of, a certificate that no leaf knows, a leaf, node or tree head that was changed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.db import connection, transaction
from django.utils.translation import gettext as _

from certificates.credentials.keys import public_keys
from certificates.events import Verb
from certificates.log import tree
from certificates.log.models import LeafKind, LogCheckpoint, LogLeaf, LogNode, LogPending, LogRecord
from certificates.log.note import NoteError, TreeHead, note_read, origin_of
from certificates.log.services import stored_hashes
from certificates.log.statements import commitment, statement
from certificates.models import ElectronicCertificate, LegacyCertificate, LegacyStatus, WindowClosing
from portal.events.models import Event

AT_ONCE = 2000
_RELATED = ("version__certificate", "version__photo", "paper__replaced_by", "closing")


@dataclass
class _Known:
    """What the leaves say, gathered on the way: the last word about each row."""

    certificates: dict[UUID, LogRecord] = field(default_factory=dict)
    issued: dict[UUID, datetime] = field(default_factory=dict)
    papers: set[UUID] = field(default_factory=set)
    closings: set[int] = field(default_factory=set)

    def note(self, record: LogRecord) -> None:
        if record.version:
            self.certificates[record.version.certificate_id] = record
            if record.kind == LeafKind.ISSUED:
                self.issued[record.version.certificate_id] = record.at
        elif record.paper_id:
            self.papers.add(record.paper_id)
        elif record.closing_id:
            self.closings.add(record.closing_id)


@dataclass(frozen=True)
class Audit:
    """What was looked at and what was found. ``findings`` are sentences; none means that everything fits."""

    leaves: int
    waiting: int
    root: bytes
    findings: list[str]


def log_audit(kept: TreeHead | None = None) -> Audit:
    """Recompute everything on one snapshot of the database; ``kept`` is a tree head that somebody kept elsewhere."""
    with transaction.atomic():
        if connection.get_autocommit() or not connection.savepoint_ids:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        return _Auditor(kept).run()


class _Auditor:
    def __init__(self, kept: TreeHead | None) -> None:
        self.kept = kept
        self.known = _Known()
        self.findings: list[str] = []
        self.size = 0
        self.frontier: dict[int, bytes] = {}
        self.heads = {head.size: head for head in LogCheckpoint.objects.all()}

    def run(self) -> Audit:
        leaves = LogLeaf.objects.select_related(*_RELATED).order_by("index").iterator(AT_ONCE)
        while chunk := list(islice(leaves, AT_ONCE)):
            self._take(chunk)
        waiting = list(LogPending.objects.select_related(*_RELATED).order_by("pk"))
        for record in waiting:
            self._compare(record, _("A change that waits for the log"))
        self._check_sizes()
        for finding in (*self._live_certificates(), *self._live_papers(), *self._live_closings()):
            self.findings.append(finding)
        return Audit(self.size, len(waiting), self._root(), self.findings)

    def _root(self) -> bytes:
        return tree.span_hash((0, self.size), self.frontier)

    def _take(self, chunk: list[LogLeaf]) -> None:
        """Grow the tree by ``chunk``, stopping at every size for which a head was signed."""
        start = 0
        for stop in (*self._stops(len(chunk)), len(chunk)):
            part = chunk[start:stop]
            self._grow(part)
            start = stop
            self._check_head()
        for leaf in chunk:
            self._compare(leaf, _("Leaf %(index)s") % {"index": leaf.index})

    def _stops(self, count: int) -> list[int]:
        sizes = [*self.heads, *([self.kept.size] if self.kept else [])]
        return sorted({size - self.size for size in sizes if 0 < size - self.size < count})

    def _grow(self, leaves: list[LogLeaf]) -> None:
        for offset, leaf in enumerate(leaves):
            hashed = tree.leaf_hash(bytes(leaf.commitment))
            if leaf.index != self.size + offset or hashed != bytes(leaf.leaf_hash):
                self.findings.append(
                    _("Leaf %(index)s: its hash or its place was changed.") % {"index": leaf.index}
                )
        grown = tree.grow(
            self.size, [tree.leaf_hash(bytes(leaf.commitment)) for leaf in leaves], self.frontier
        )
        self._check_nodes(grown)
        self.size += len(leaves)
        known = self.frontier | grown
        self.frontier = {place: known[place] for place in tree.complete_subtrees((0, self.size))}

    def _check_nodes(self, grown: dict[int, bytes]) -> None:
        stored = stored_hashes(list(grown))
        for place, each in grown.items():
            if stored.get(place) != each:
                self.findings.append(
                    _("Node %(place)s: not the hash of what lies below it.") % {"place": place}
                )

    def _check_head(self) -> None:
        root = self._root()
        if self.kept and self.kept.size == self.size and self.kept.root != root:
            self.findings.append(
                _(
                    "The tree head that was kept, of %(size)s leaves: this log is not the one that it was taken from."
                )
                % {"size": self.size}
            )
        head = self.heads.pop(self.size, None)
        if head and not _is_good(head, root):
            self.findings.append(
                _("The tree head of %(size)s leaves: its root or its signature is not good.")
                % {"size": self.size}
            )

    def _check_sizes(self) -> None:
        for size in self.heads:
            self.findings.append(
                _("The tree head of %(size)s leaves: the log has only %(leaves)s.")
                % {"size": size, "leaves": self.size}
            )
        if self.kept and self.kept.size > self.size:
            self.findings.append(
                _("The tree head that was kept has %(size)s leaves, the log only %(leaves)s.")
                % {"size": self.kept.size, "leaves": self.size}
            )
        if LogNode.objects.count() != 2 * self.size - self.size.bit_count():
            self.findings.append(_("There are nodes that belong to no leaf."))

    def _compare(self, record: LogRecord, place: str) -> None:
        self.known.note(record)
        try:
            is_borne_out = commitment(statement(record)) == bytes(record.commitment)
        except (ObjectDoesNotExist, ValueError):
            self.findings.append(
                _("%(place)s (%(kind)s, %(at)s) is about a row that was deleted: %(row)s.")
                % {
                    "place": place,
                    "kind": record.get_kind_display(),
                    "at": f"{record.at:%Y-%m-%d %H:%M:%S}",
                    "row": _gone(record),
                }
            )
            return
        if not is_borne_out:
            self.findings.append(
                _("%(place)s (%(kind)s, %(at)s) no longer fits %(row)s, which was altered.")
                % {
                    "place": place,
                    "kind": record.get_kind_display(),
                    "at": f"{record.at:%Y-%m-%d %H:%M:%S}",
                    "row": _row(record),
                }
            )

    def _live_certificates(self) -> Iterator[str]:
        rows = ElectronicCertificate.objects.order_by("number").iterator(AT_ONCE)
        for certificate in rows:
            record = self.known.certificates.get(certificate.pk)
            if record is None:
                yield _("Certificate %(number)s: no leaf tells of its issue.") % {
                    "number": certificate.number
                }
            elif differences := _differences(certificate, record, self.known.issued.get(certificate.pk)):
                yield _("Certificate %(number)s: the row differs from what was logged last (%(what)s).") % {
                    "number": certificate.number,
                    "what": ", ".join(differences),
                }

    def _live_papers(self) -> Iterator[str]:
        rows = LegacyCertificate.objects.exclude(status=LegacyStatus.ACTIVE).only("number")
        for paper in rows.iterator(AT_ONCE):
            if paper.pk not in self.known.papers:
                yield _("Paper certificate %(number)s: ended, and no leaf tells of it.") % {
                    "number": paper.number
                }
            self.known.papers.discard(paper.pk)
        for paper in LegacyCertificate.objects.filter(pk__in=self.known.papers).only("number"):
            yield _(
                "Paper certificate %(number)s: in use again, although the log says that it has ended."
            ) % {"number": paper.number}

    def _live_closings(self) -> Iterator[str]:
        done = WindowClosing.objects.filter(completed_at__isnull=False)
        for closing in done.exclude(pk__in=self.known.closings):
            yield _("The closing of %(day)s: no leaf tells of it.") % {"day": closing.closes_on}


def _is_good(head: LogCheckpoint, root: bytes) -> bool:
    try:
        signed = note_read(head.note, public_keys())
    except NoteError:
        return False
    return signed == TreeHead(origin_of(settings.PUBLIC_URL), head.size, root) and bytes(head.root) == root


def _row(record: LogRecord) -> str:
    if record.version:
        return _("version %(version)s of certificate %(number)s") % {
            "version": record.version.version,
            "number": record.version.certificate.number,
        }
    if record.paper:
        return _("paper certificate %(number)s") % {"number": record.paper.number}
    return _("the closing of the window")


def _gone(record: LogRecord) -> str:
    """Name what ``record`` is about although its row is missing: by its number, where an event still tells it."""
    if record.version:
        lost = str(record.version.certificate_id)
        told = Event.objects.filter(verb=Verb.EXCHANGED, data__electronic_id=lost).first()
        return str(told.data["number"]) if told else lost
    for name in ("version", "paper", "closing"):
        if (key := getattr(record, f"{name}_id")) is not None:
            return f"{name} {key}"
    return "?"


def _differences(
    certificate: ElectronicCertificate, record: LogRecord, issued_at: datetime | None
) -> list[str]:
    """Return the fields of ``certificate`` that the last leaf about it does not bear out."""
    version = record.version
    if version is None:
        raise ValueError("The record is not about a certificate.")
    logged = {
        "state": record.state,
        "version": version.version,
        "void_reason": record.reason if record.state == "void" else "",
        "holder_name": version.holder_name,
        "post_code": version.post_code,
        "photo_id": version.photo_id,
        "issued_at": issued_at,
    }
    return [name for name, value in logged.items() if getattr(certificate, name) != value]
