"""Reads of the log: the present tree head, and proofs, each from one indexed read of at most a few dozen rows."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from certificates.credentials.keys import key_keep, signing_key
from certificates.log import tree
from certificates.log.models import LogCheckpoint, LogLeaf
from certificates.log.note import note_sign, origin_of
from certificates.log.services import log_size, stored_hashes
from certificates.log.statements import statement
from certificates.models import ElectronicCertificate
from portal import clock


class NoSuchProofError(ValueError):
    """The tree has no such leaf, or never had this size; the text says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inclusion:
    """That ``leaf`` (its hash) stands at ``index`` in the tree of ``size`` leaves whose root is ``root``."""

    index: int
    size: int
    leaf: bytes
    root: bytes
    path: list[bytes]

    def as_dict(self) -> dict[str, Any]:
        """Return the proof for JSON, hashes in hexadecimal."""
        return {
            "index": self.index,
            "size": self.size,
            "leaf": self.leaf.hex(),
            "root": self.root.hex(),
            "path": [each.hex() for each in self.path],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Consistency:
    """That the tree of ``second`` leaves begins with the tree of ``first``."""

    first: int
    second: int
    first_root: bytes
    second_root: bytes
    path: list[bytes]

    def as_dict(self) -> dict[str, Any]:
        """Return the proof for JSON, hashes in hexadecimal."""
        return {
            "first": self.first,
            "second": self.second,
            "first_root": self.first_root.hex(),
            "second_root": self.second_root.hex(),
            "path": [each.hex() for each in self.path],
        }


def checkpoint() -> LogCheckpoint:
    """Return the latest signed tree head; of the empty tree, signed now and not stored, before the first leaf."""
    latest = LogCheckpoint.objects.order_by("-size").first()
    if latest:
        return latest
    root, key = tree.EMPTY_ROOT, signing_key()
    key_keep(key, at=clock.now())
    note = note_sign(origin=origin_of(settings.PUBLIC_URL), size=0, root=root, key=key)
    return LogCheckpoint(size=0, root=root, note=note)


def inclusion(index: int, size: int) -> Inclusion:
    """Prove that leaf ``index`` is in the tree of ``size`` leaves; raises `NoSuchProofError`."""
    if not 0 <= index < size <= log_size():
        raise NoSuchProofError(
            _("There is no leaf %(index)s in a tree of %(size)s leaves.") % {"index": index, "size": size}
        )
    spans, whole, own = tree.inclusion_spans(index, size), (0, size), (index, index + 1)
    hashes = stored_hashes(tree.positions_of([*spans, whole, own]))
    return Inclusion(
        index=index,
        size=size,
        leaf=tree.span_hash(own, hashes),
        root=tree.span_hash(whole, hashes),
        path=[tree.span_hash(span, hashes) for span in spans],
    )


def consistency(first: int, second: int) -> Consistency:
    """Prove that the tree of ``second`` leaves continues the one of ``first``; raises `NoSuchProofError`."""
    if not 1 <= first <= second <= log_size():
        raise NoSuchProofError(
            _("There are no trees of %(first)s and %(second)s leaves, in this order.")
            % {"first": first, "second": second}
        )
    spans = tree.consistency_spans(first, second)
    hashes = stored_hashes(tree.positions_of([*spans, (0, first), (0, second)]))
    return Consistency(
        first=first,
        second=second,
        first_root=tree.span_hash((0, first), hashes),
        second_root=tree.span_hash((0, second), hashes),
        path=[tree.span_hash(span, hashes) for span in spans],
    )


def leaf_index(leaf: bytes) -> int:
    """Return where a leaf hash stands, the first place if twice; raises `NoSuchProofError`."""
    found = LogLeaf.objects.filter(leaf_hash=leaf).order_by("index").values_list("index", flat=True).first()
    if found is None:
        raise NoSuchProofError(_("No leaf has this hash."))
    return found


def evidence(certificate: ElectronicCertificate) -> dict[str, Any]:
    """Return all that the log says of a certificate, for its holder: statements with their salts, proofs, tree head.

    What waits for the log still is not in it. The holder may pass it on; nobody else gets it.
    """
    head = checkpoint()
    leaves = LogLeaf.objects.filter(version__certificate=certificate, index__lt=head.size)
    return {
        "checkpoint": head.note,
        "leaves": [
            {"statement": statement(leaf), "proof": inclusion(leaf.index, head.size).as_dict()}
            for leaf in leaves.select_related("version__certificate__replaces", "version__photo").order_by(
                "index"
            )
        ],
    }
