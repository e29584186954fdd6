"""Anyone types a number, old or new, and gets a truthful answer; the holder stays masked."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from certificates.models import ElectronicCertificate, LegacyCertificate, LegacyStatus
from certificates.numbers import normalise_number
from certificates.selectors import ce_records_of, electronic_standing
from portal import clock
from portal.limits import Limit
from portal.masking import mask_name
from portal.policy import SHANGHAI, current_pack, day_of
from portal.prepared import Prepared

VERIFY_LIMIT = Limit("verify", "30/minute", unasked=3)
"""How often one address may ask, by page and API together: enough for a queue at a gate, too little to harvest names."""
LONGEST = 60  # characters of the longest number


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What can be said about a number at ``as_of``.

    ``state``: valid, expired, suspended, void or unknown. ``reason`` for a void one: exchanged, hours, not_engaged,
    revoked, or cancelled (a paper certificate, 3.2). ``since`` is the day on which that state began, where it is not the
    day of issue. ``education`` is the holder's standing with 2.1, electronic ones only.
    """

    number: str
    state: str
    as_of: datetime
    subject_id: UUID | None = None
    kind: str | None = None
    holder: str | None = None
    post: str | None = None
    issued_on: date | None = None
    expires_on: date | None = None
    replaced_by: str | None = None
    replaced_on: date | None = None
    since: date | None = None
    education: str | None = None
    reason: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the answer for JSON."""
        return {
            "number": self.number,
            "state": self.state,
            "holder": self.holder,
            "post": self.post,
            "issued_on": self.issued_on and self.issued_on.isoformat(),
            "replaced_by": self.replaced_by,
            "education": self.education,
            "reason": self.reason,
            "as_of": self.as_of.isoformat(),
        }


_TYPES = ("timestamptz", "text")
_ELECTRONIC = Prepared("verify_electronic", _TYPES, """
SELECT COALESCE(%s, clock_timestamp()), e.id, e.number, e.state, e.void_reason, e.state_changed_at, e.holder_name,
       e.post_code, e.issued_at, s.status, s.settled_on, s.changes_on, s.engaged, s.pack
FROM certificates_electroniccertificate e LEFT JOIN certificates_certificatestanding s ON s.electronic_id = e.id
WHERE e.number = %s
""")  # fmt: skip
_PAPER = Prepared("verify_paper", _TYPES, """
SELECT COALESCE(%s, clock_timestamp()), l.id, l.number, l.kind, l.status, l.status_changed_at, l.holder_name, l.post_code,
       l.issued_on, l.expires_on, e.number, e.issued_at
FROM certificates_legacycertificate l LEFT JOIN certificates_electroniccertificate e ON e.replaces_id = l.id
WHERE l.number_key = %s
""")  # fmt: skip


def verify(number: str, *, at: datetime | None = None) -> Verification:
    """Return what is true of ``number``, in whatever spelling it was typed, at the moment ``at``; now if not given.

    One indexed read as a rule: the moment comes with the row, the standing from where it is settled.
    """
    key = normalise_number(number)
    at = clock.now() if at is None and clock.is_simulated() else at
    return _electronic(key, at) or _paper(key, at) or _unknown(key, at)


def _unknown(key: str, at: datetime | None) -> Verification:
    return Verification(number=key[:LONGEST], state="unknown", as_of=at or clock.now())


def _electronic(key: str, at: datetime | None) -> Verification | None:
    row = _ELECTRONIC.row(at, key)
    if row is None:
        return None
    moment, pk, number, state, void_reason, changed_at, holder_name, post, issued_at, *standing = row
    moment = moment.astimezone(SHANGHAI)
    return Verification(
        number=number,
        state=state,
        as_of=moment,
        subject_id=pk,
        kind="electronic",
        holder=mask_name(holder_name),
        post=post,
        issued_on=day_of(issued_at),
        since=day_of(changed_at) if changed_at else None,
        education=_education(pk, void_reason, standing, at=moment),
        reason=void_reason or None,
    )


def _education(pk: UUID, void_reason: str, settled: list[Any], *, at: datetime) -> str:
    """Return the standing as it is settled for today; where it is not, work it out from the records."""
    status, settled_on, changes_on, engaged, pack = settled
    is_fresh = status and settled_on <= day_of(at) < changes_on and pack == current_pack().name
    if is_fresh and engaged == (void_reason != "not_engaged"):
        return str(status)
    certificate = ElectronicCertificate.objects.select_related("person").get(pk=pk)
    standing = electronic_standing(certificate, ce_records_of(certificate.person), at=at)
    return standing.status.value


def _paper(key: str, at: datetime | None) -> Verification | None:
    row = _PAPER.row(at, key)
    if row is None:
        return None
    (
        moment,
        pk,
        number,
        kind,
        status,
        changed_at,
        holder_name,
        post,
        issued_on,
        expires_on,
        successor,
        replaced_at,
    ) = row
    moment = moment.astimezone(SHANGHAI)
    state, reason = _paper_state(status, expires_on, moment)
    is_exchanged = status == LegacyStatus.EXCHANGED
    return Verification(
        number=number,
        state=state,
        as_of=moment,
        subject_id=pk,
        kind=kind,
        holder=mask_name(holder_name),
        post=post,
        issued_on=issued_on,
        expires_on=expires_on,
        since=_paper_since(state, changed_at, expires_on),
        replaced_by=successor if is_exchanged else None,
        replaced_on=day_of(replaced_at) if is_exchanged and replaced_at else None,
        reason=reason,
    )


def _paper_since(state: str, changed_at: datetime | None, expires_on: date | None) -> date | None:
    if state == "expired" and expires_on:
        return expires_on + timedelta(days=1)
    return day_of(changed_at) if state == "void" and changed_at else None


def paper_state(paper: LegacyCertificate, at: datetime) -> tuple[str, str | None]:
    """Return the state of a paper certificate at ``at``, and for a void one the reason."""
    return _paper_state(paper.status, paper.expires_on, at)


def _paper_state(status: str, expires_on: date | None, at: datetime) -> tuple[str, str | None]:
    match status:
        case LegacyStatus.EXCHANGED:
            return "void", "exchanged"
        case LegacyStatus.VOID:
            return "void", "cancelled"
    if expires_on and expires_on < day_of(at):
        return "expired", None
    return "valid", None
