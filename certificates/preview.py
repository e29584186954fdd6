"""Who would change status if another policy pack came into force. Reads only; nothing is written."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from django.db import connection, transaction

from certificates import ledger
from certificates.ledger import Kind, Question
from certificates.standings import earliest_issue
from portal.policy import Policy, PolicyPack, current_pack

_ELECTRONIC = """
SELECT c.number, COALESCE(NULLIF(l.area_code, ''), p.area_code), c.post_code, a.status, b.status
FROM ({before}) a JOIN ({after}) b USING (id) JOIN certificates_electroniccertificate c USING (id)
JOIN accounts_person p ON p.id = c.person_id LEFT JOIN certificates_legacycertificate l ON l.id = c.replaces_id
WHERE a.status <> b.status AND c.state <> 'void'
ORDER BY 2, 3, 1
"""
_OFFICERS = """
SELECT c.number, c.area_code, c.post_code, a.status, b.status
FROM ({before}) a JOIN ({after}) b USING (id) JOIN certificates_legacycertificate c USING (id)
WHERE a.status <> b.status
ORDER BY 2, 3, 1
"""
_CHANGES: dict[Kind, str] = {"electronic": _ELECTRONIC, "safety_officer": _OFFICERS}
_AT_A_TIME = 2000


class StatusChange(NamedTuple):
    """One certificate that would change; statuses are those of `education.rules.Status`."""

    number: str
    kind: Kind
    area_code: str
    post_code: str
    before: str
    after: str


class ChangeCount(NamedTuple):
    """How many certificates of a city and post would change from one status to another."""

    area_code: str
    post_code: str
    before: str
    after: str
    certificates: int


@dataclass(frozen=True)
class Preview:
    """The packs compared, and what would change."""

    current: PolicyPack
    pack: PolicyPack
    as_of: date

    def changes(self) -> Iterator[StatusChange]:
        """Yield every certificate that would change, by city, post and number; read a few at a time."""
        with transaction.atomic():
            for kind, sql in _CHANGES.items():
                before, after = (
                    _standings(kind, pack.on(self.as_of), self.as_of) for pack in (self.current, self.pack)
                )
                with connection.chunked_cursor() as cursor:
                    cursor.execute(sql.format(before=before, after=after))
                    while rows := cursor.fetchmany(_AT_A_TIME):
                        yield from (StatusChange(number, kind, *rest) for number, *rest in rows)


def policy_preview(pack: PolicyPack, *, as_of: date) -> Preview:
    """Return what would change on a day if `pack` took the place of the pack in use."""
    return Preview(current_pack(), pack, as_of)


def change_counts(changes: Iterable[StatusChange]) -> list[ChangeCount]:
    """Count changes by city and post."""
    counted = Counter((each.area_code, each.post_code, each.before, each.after) for each in changes)
    return [ChangeCount(*key, count) for key, count in sorted(counted.items())]


def _standings(kind: Kind, policy: Policy, as_of: date) -> str:
    earliest = earliest_issue(kind) or as_of
    return ledger.standings(Question(kind=kind, policy=policy, as_of=as_of, earliest_issue=earliest))
