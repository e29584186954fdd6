"""Recomputes the whole log from its leaves, and holds every row that a leaf is about against the log.

Finds what was altered behind the portal's back, and names it: a certificate whose row no longer fits its leaf, a state
that no leaf tells of, a certificate that no leaf knows, a leaf, node or tree head that was changed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from itertools import islice
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.db import connection, transaction
from django.db.models.fields.files import FieldFile
from django.utils.translation import gettext as _

from certificates.credentials.keys import public_keys
from certificates.events import Verb
from certificates.log import tree
from certificates.log.models import LeafKind, LogCheckpoint, LogLeaf, LogNode, LogPending, LogRecord
from certificates.log.note import NoteError, TreeHead, note_read, origin_of
from certificates.log.services import stored_hashes
from certificates.log.statements import commitment, document_facts, statement
from certificates.models import (
    CertificateDocument,
    CertificateVersion,
    ElectronicCertificate,
    LegacyCertificate,
    LegacyStatus,
    WindowClosing,
)
from portal.crypto import UnreadableFieldError
from portal.events.models import Event

AT_ONCE = 2000
_RELATED = ("version__certificate__replaces", "version__photo", "paper__replaced_by", "closing")
_OF_STATE = {LeafKind.SUSPENDED, LeafKind.LIFTED, LeafKind.VOIDED, LeafKind.REINSTATED}
_PAPER_STATUS: dict[str, str] = {
    LeafKind.EXCHANGED: LegacyStatus.EXCHANGED,
    LeafKind.CANCELLED: LegacyStatus.VOID,
}


@dataclass(slots=True)
class _History:
    """What the leaves say of one certificate, up to their last word."""

    number: str = ""
    issued_at: datetime | None = None
    state: str = "valid"
    reason: str = ""
    changed_at: datetime | None = None
    proposal: str | None = None
    names_proposals: bool = True
    printed: dict[str, object] = field(default_factory=dict)
    versions: dict[int, tuple[datetime, int]] = field(default_factory=dict)
    """When each version was issued, and the format of the leaf that says so."""
    documents: dict[int, dict[str, object]] = field(default_factory=dict)

    def note(self, record: LogRecord, version: CertificateVersion) -> None:
        if certificate := getattr(version, "certificate", None):  # its row may be gone
            self.number = certificate.number
        if record.kind == LeafKind.DOCUMENT:
            self.documents[version.version] = {**record.facts, "at": record.at}
            return
        if record.kind == LeafKind.ISSUED:
            self.issued_at = record.at
        self.versions.setdefault(version.version, (record.at, record.format))
        self.printed = {name: getattr(version, name) for name in ("holder_name", "post_code", "photo_id")}
        self.state = record.state
        if record.kind in _OF_STATE:
            self.reason, self.changed_at = record.reason if record.state == "void" else "", record.at
            self.proposal, self.names_proposals = record.facts.get("proposal"), record.format > 1

    def superseded_at(self, version: int) -> datetime | None:
        following = self.versions.get(version + 1)
        return following and following[0]


@dataclass
class _Known:
    """What the leaves say, gathered on the way: the last word about each row."""

    certificates: dict[UUID, _History] = field(default_factory=dict)
    papers: dict[UUID, tuple[str, datetime]] = field(default_factory=dict)
    closings: set[int] = field(default_factory=set)

    def of(self, certificate_id: UUID) -> _History:
        return self.certificates.setdefault(certificate_id, _History())

    def note(self, record: LogRecord) -> None:
        if record.version:
            self.of(record.version.certificate_id).note(record, record.version)
        elif record.paper_id:
            self.papers[record.paper_id] = (_PAPER_STATUS.get(record.kind, ""), record.at)
        elif record.closing_id:
            self.closings.add(record.closing_id)


@dataclass(frozen=True)
class Audit:
    """What was looked at and what was found. ``findings`` are sentences; none means that everything fits."""

    leaves: int
    waiting: int
    root: bytes
    findings: list[str]


def log_audit(kept: TreeHead | None = None, *, files: bool = False) -> Audit:
    """Recompute everything on one snapshot of the database; ``kept`` is a tree head that somebody kept elsewhere.

    ``files``: read every document and photo, too, and compare them with the digests that were logged.
    """
    with transaction.atomic():
        if connection.get_autocommit() or not connection.savepoint_ids:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        return _Auditor(kept, files=files).run()


class _Auditor:
    def __init__(self, kept: TreeHead | None, *, files: bool = False) -> None:
        self.kept, self.files = kept, files
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
        for live in (self._certificates, self._versions, self._documents, self._papers, self._closings):
            self.findings.extend(live())
        if self.files:
            self.findings.extend(self._files())
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

    def _certificates(self) -> Iterator[str]:
        for certificate in ElectronicCertificate.objects.order_by("number").iterator(AT_ONCE):
            history = self.known.certificates.get(certificate.pk)
            if history is None or history.issued_at is None:
                yield _("Certificate %(number)s: no leaf tells of its issue.") % {
                    "number": certificate.number
                }
            elif differences := _differences(certificate, history):
                yield _("Certificate %(number)s: the row differs from what was logged last (%(what)s).") % {
                    "number": certificate.number,
                    "what": ", ".join(differences),
                }

    def _versions(self) -> Iterator[str]:
        rows = CertificateVersion.objects.select_related("certificate").order_by("pk").iterator(AT_ONCE)
        for version in rows:
            history = self.known.of(version.certificate_id)
            facts = {"number": version.certificate.number, "version": version.version}
            if version.version not in history.versions:
                yield _("Version %(version)s of certificate %(number)s: no leaf tells of it.") % facts
            elif version.superseded_at != history.superseded_at(version.version):
                yield _(
                    "Version %(version)s of certificate %(number)s: the row differs from what was logged last (%(what)s)."
                ) % (facts | {"what": "superseded_at"})

    def _documents(self) -> Iterator[str]:
        rows = CertificateDocument.objects.select_related("certificate").order_by("pk").iterator(AT_ONCE)
        for document in rows:
            history = self.known.of(document.certificate_id)
            logged = history.documents.pop(document.version, None)
            if logged is None and history.versions.get(document.version, (None, 0))[1] == 1:
                continue  # made before documents were logged
            if logged != {**document_facts(document), "at": document.rendered_at}:
                yield _(
                    "The document of version %(version)s of certificate %(number)s is not the one that was logged last."
                ) % {"number": document.certificate.number, "version": document.version}
        for history in self.known.certificates.values():
            for version in history.documents:
                yield _("The document of version %(version)s of certificate %(number)s was deleted.") % {
                    "number": history.number,
                    "version": version,
                }

    def _files(self) -> Iterator[str]:
        documents = CertificateDocument.objects.select_related("certificate").order_by("pk")
        for document in documents.iterator(AT_ONCE):
            if not _is_intact(document.file, document.sha256):
                yield _(
                    "The file of version %(version)s of certificate %(number)s is missing or another one."
                ) % {
                    "number": document.certificate.number,
                    "version": document.version,
                }
        versions = CertificateVersion.objects.select_related("certificate", "photo").order_by("pk")
        for version in versions.iterator(AT_ONCE):
            if not _is_intact(version.photo.file, version.photo.sha256):
                yield _(
                    "The photo of version %(version)s of certificate %(number)s is missing or another one."
                ) % {
                    "number": version.certificate.number,
                    "version": version.version,
                }

    def _papers(self) -> Iterator[str]:
        papers = LegacyCertificate.objects.only("number", "status", "status_changed_at")
        for paper in papers.exclude(status=LegacyStatus.ACTIVE).iterator(AT_ONCE):
            logged = self.known.papers.pop(paper.pk, None)
            if logged is None:
                yield _("Paper certificate %(number)s: ended, and no leaf tells of it.") % {
                    "number": paper.number
                }
            elif logged != (paper.status, paper.status_changed_at):
                yield _(
                    "Paper certificate %(number)s: how or when it ended differs from what was logged."
                ) % {"number": paper.number}
        for paper in papers.filter(pk__in=self.known.papers):
            yield _(
                "Paper certificate %(number)s: in use again, although the log says that it has ended."
            ) % {"number": paper.number}

    def _closings(self) -> Iterator[str]:
        done = WindowClosing.objects.filter(completed_at__isnull=False)
        for closing in done.exclude(pk__in=self.known.closings):
            yield _("The closing of %(day)s: no leaf tells of it.") % {"day": closing.closes_on}


def _is_intact(file: FieldFile, digest: str) -> bool:
    try:
        with file.open() as opened:
            return sha256(opened.read()).hexdigest() == digest
    except (OSError, UnreadableFieldError):
        return False


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
    day = record.closing.closes_on if record.closing else "?"
    return _("the closing of the window on %(day)s") % {"day": day}


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


def _differences(certificate: ElectronicCertificate, history: _History) -> list[str]:
    """Return the columns of ``certificate`` that the log does not bear out."""
    logged: dict[str, object] = {
        **history.printed,
        "issued_at": history.issued_at,
        "version": max(history.versions),
        "state": history.state,
        "void_reason": history.reason,
        "state_changed_at": history.changed_at,
    }
    if history.names_proposals:
        logged["voided_by_id"] = history.proposal and UUID(history.proposal)
    return [name for name, value in logged.items() if getattr(certificate, name) != value]
