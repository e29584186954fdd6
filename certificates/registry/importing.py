"""Takes in a registry file: the good rows all at once, the others into a report with reason and remedy."""

import hashlib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, partial
from typing import BinaryIO

from django.db import connection, transaction

from certificates.events import Verb
from certificates.registry.columns import NUMBER, issuer_code, registry_columns, row_problems
from certificates.registry.staging import Staging
from portal import clock
from portal.events.models import Event
from portal.events.services import Actor
from portal.identity import Problem
from portal.policy import Policy, current_pack, day_of
from portal.tables import Limits, TableReader, open_table

LIMITS = Limits(bytes=200 << 20, unpacked=1 << 30, rows=500_000)
_LOCK = 0x72_65_67  # one import at a time
_CHUNK = 10_000
_HASH_CHUNK = 1 << 20

Progress = Callable[[str, int, int], None]
Problems = dict[int, list[tuple[str, Problem]]]


@dataclass(slots=True)
class ImportCounts:
    """What became of the rows of one file. ``problems``: by row of the sheet, each with its column or none."""

    rows: int = 0
    new: int = 0
    updated: int = 0
    unchanged: int = 0
    repeated: int = 0
    notes: list[Problem] = field(default_factory=list)
    problems: Problems = field(default_factory=lambda: defaultdict(list))

    @property
    def reported(self) -> int:
        """Rows that are in the report: bad ones, and those that differ from what was decided in the portal."""
        return len(self.problems)


def _silent(stage: str, done: int, total: int) -> None:
    """Show nothing."""


def registry_import(*, source: BinaryIO, by: Actor, progress: Progress = _silent) -> ImportCounts:
    """Import a registry file in one transaction, and return what became of its rows.

    The same file again writes nothing. A certificate that was exchanged or made void, and what an approved service
    changed (3.2), stays as it is: such rows are reported. Raises `FileRefusedError` when the file as a whole cannot be
    read; then nothing has changed.
    """
    sha256 = _sha256(source)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        at, counts = clock.now(), ImportCounts()
        policy = current_pack().on(day_of(at))
        staging = Staging(cursor)
        with open_table(source, registry_columns(policy), LIMITS) as table:
            counts.notes = table.notes
            staged = _read(table, staging, policy, counts, at=at, progress=progress)
        _decide(staging, counts, staged, progress)
        counts.new, counts.updated = staging.write(_facts(at, by, sha256))
        counts.unchanged -= counts.new + counts.updated
        if counts.new or counts.updated:
            _record(counts, sha256, at=at, by=by)
        progress("writing", 1, 1)
    return counts


def _sha256(source: BinaryIO) -> str:
    digest = hashlib.sha256()
    source.seek(0)
    while piece := source.read(_HASH_CHUNK):
        digest.update(piece)
    source.seek(0)
    return digest.hexdigest()


def _read(
    table: TableReader,
    staging: Staging,
    policy: Policy,
    counts: ImportCounts,
    *,
    at: datetime,
    progress: Progress,
) -> int:
    """Stage every row without a problem; return how many."""
    staged, codes = 0, cache(partial(issuer_code, policy=policy))
    for chunk in table.chunks(_CHUNK):
        for row, column, problem in (*chunk.problems, *row_problems(chunk, today=day_of(at))):
            counts.problems[row].append((column, problem))
        staged += staging.add(chunk, counts.problems, codes)
        counts.rows += len(chunk.numbers)
        progress("reading", counts.rows, max(table.expected_rows, counts.rows))
    return staged


def _decide(staging: Staging, counts: ImportCounts, staged: int, progress: Progress) -> None:
    """Take out what contradicts itself or the portal; what remains is new, changed or unchanged."""
    progress("comparing", 0, 1)
    for row, rows, clash in staging.take_doubles():
        staged -= 1
        if clash:
            others = "、".join(str(other) for other in rows if other != row)
            counts.problems[row].append((NUMBER, Problem("number_twice_in_file", {"rows": others})))
        else:
            counts.repeated += 1
    conflicts, taken = staging.compare()
    for row, code in conflicts:
        counts.problems[row].append(("", Problem(code)))
    counts.unchanged = staged - taken
    progress("comparing", 1, 1)


def _facts(at: datetime, by: Actor, sha256: str) -> dict[str, object]:
    return {
        "at": at,
        "verb": Verb.REGISTRY_UPDATED.value,
        "actor": by.name,
        "actor_id": by.user.id if by.user else None,
        "actor_role": by.user.role if by.user else "",
        "means": by.means.value,
        "sha256": sha256,
    }


def _record(counts: ImportCounts, sha256: str, *, at: datetime, by: Actor) -> None:
    """Record the run as a whole: the certificates that are new with it are those imported at its moment."""
    Event.objects.create(
        verb=Verb.REGISTRY_IMPORTED.value,
        at=at,
        actor_id=by.user.id if by.user else None,
        actor_role=by.user.role if by.user else "",
        means=by.means,
        subject_kind="certificates.registry",
        subject_id=sha256[:32],
        data={
            "actor": by.name,
            "file": sha256,
            "rows": counts.rows,
            "new": counts.new,
            "updated": counts.updated,
            "unchanged": counts.unchanged,
            "reported": counts.reported,
        },
    )
