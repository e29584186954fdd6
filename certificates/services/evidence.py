"""Keeping files of evidence: encrypted, and gone again when their transaction is undone."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.files.base import ContentFile

from certificates.models import VoidingEvidence, VoidingProposal
from portal.events.services import Actor

MOST_FILES = 5


@dataclass(frozen=True)
class Evidence:
    """A file whose content was judged by `certificates.evidence`."""

    content: bytes
    content_type: str


class EvidenceNotStoredError(Exception):
    """The files are good, but the disk did not take them."""


class TooManyFilesError(Exception):
    """One side has given as many files as a proposal takes."""


def evidence_keep(
    *, proposal: VoidingProposal, evidence: Sequence[Evidence], at: datetime, by: Actor
) -> list[VoidingEvidence]:
    """Keep files with a proposal that the caller has locked; the same file again is kept once.

    Raises `TooManyFilesError` or `EvidenceNotStoredError`.
    """
    given = {row.sha256: row for row in proposal.evidence.filter(uploaded_by=by.account)}
    fresh = {hashlib.sha256(each.content).hexdigest(): each for each in evidence}
    new = {digest: each for digest, each in fresh.items() if digest not in given}
    if len(given) + len(new) > MOST_FILES:
        raise TooManyFilesError
    kept: list[VoidingEvidence] = []
    try:
        for digest, each in new.items():
            kept.append(_keep(proposal, each, digest, at=at, by=by))
    except OSError as error:
        for row in kept:
            row.file.delete(save=False)
        raise EvidenceNotStoredError from error
    return kept


def _keep(
    proposal: VoidingProposal, evidence: Evidence, digest: str, *, at: datetime, by: Actor
) -> VoidingEvidence:
    row = VoidingEvidence(
        proposal=proposal,
        content_type=evidence.content_type,
        size=len(evidence.content),
        sha256=digest,
        uploaded_at=at,
        uploaded_by=by.account,
    )
    row.file.save("evidence", ContentFile(evidence.content), save=False)
    row.save(force_insert=True)
    return row
