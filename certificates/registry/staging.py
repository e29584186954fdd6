"""The rows of one registry file in a temporary table, and everything that is then decided about them in SQL.

Nothing here touches one certificate at a time: a hundred thousand rows are a handful of statements. The temporary table
holds ID numbers encrypted, as every other table does.
"""

import io
from collections.abc import Callable, Container, Iterable, Iterator
from datetime import date
from typing import Any

from django.db.backends.utils import CursorWrapper

from portal import crypto
from portal.identity import number_key
from portal.tables import Chunk

_NULL = "\\N"

_STAGE = """
DROP TABLE IF EXISTS pg_temp.registry_row, pg_temp.registry_change;
CREATE TEMPORARY TABLE registry_row (
    row integer, holder_name text, id_number bytea, id_hash bytea, number text, number_key text, kind text,
    post_code text, issuer text, issuer_name text, issued_on date, expires_on date, employer_name text,
    employer_code text, area_code text, in_national_system boolean
) ON COMMIT DROP
"""

_INDEX = "CREATE INDEX ON pg_temp.registry_row (number_key); ANALYZE pg_temp.registry_row"

_TAKE_DOUBLES = """
WITH doubled AS (
    SELECT number_key, array_agg(row ORDER BY row) AS rows,
           count(DISTINCT (holder_name, id_hash, kind, post_code, issuer_name, issued_on, expires_on, employer_name,
                           employer_code, area_code, in_national_system)) > 1 AS clash
    FROM registry_row GROUP BY number_key HAVING count(*) > 1
), gone AS (
    DELETE FROM registry_row r USING doubled d
    WHERE r.number_key = d.number_key AND (d.clash OR r.row <> d.rows[1]) RETURNING r.row, d.rows, d.clash
)
SELECT row, rows[1:10], clash FROM gone ORDER BY row
"""

# Locked in the order of their keys, then compared again: whatever was decided first is seen.
_LOCK = """
SELECT count(*) FROM (
    SELECT 1 FROM certificates_legacycertificate c JOIN registry_change ch ON ch.id = c.id
    ORDER BY c.id FOR NO KEY UPDATE OF c
) locked
"""

_COMPARE = """
DROP TABLE IF EXISTS pg_temp.registry_change;
CREATE TEMPORARY TABLE registry_change ON COMMIT DROP AS
WITH final AS (
    SELECT r.row, c.id, c.status, r.id_hash, p.id_number_hash <> r.id_hash AS other_holder, c.person_id, c.number_key,
        c.corrected_at IS NOT NULL AND r.holder_name <> c.holder_name AS keeps_name,
        c.corrected_at IS NOT NULL AND r.employer_name <> c.employer_name AS keeps_employer,
        x.extended AND r.expires_on IS DISTINCT FROM c.expires_on AS keeps_expiry,
        CASE WHEN c.corrected_at IS NULL THEN r.holder_name ELSE c.holder_name END AS holder_name,
        CASE WHEN c.corrected_at IS NULL THEN r.employer_name ELSE c.employer_name END AS employer_name,
        CASE WHEN x.extended THEN c.expires_on ELSE r.expires_on END AS expires_on,
        r.number, r.kind, r.post_code, r.issuer, r.issuer_name, r.issued_on, r.employer_code, r.area_code,
        r.in_national_system
    FROM registry_row r
    JOIN certificates_legacycertificate c USING (number_key)
    JOIN accounts_person p ON p.id = c.person_id
    CROSS JOIN LATERAL (SELECT EXISTS (
        SELECT FROM certificates_legacyservicerequest s
        WHERE s.certificate_id = c.id AND s.kind = 'extension' AND s.state = 'approved') AS extended) x
)
SELECT f.*, diff.changed,
    CASE WHEN f.status <> 'active' AND (diff.changed IS NOT NULL OR f.other_holder OR f.keeps_name OR f.keeps_employer
                                        OR f.keeps_expiry) THEN 'certificate_' || f.status
         WHEN f.other_holder AND (
            EXISTS (SELECT FROM accounts_user u WHERE u.person_id = f.person_id)
            OR EXISTS (SELECT FROM certificates_archivecheck a WHERE a.certificate_id = f.id)
            OR EXISTS (SELECT FROM certificates_legacyservicerequest s WHERE s.certificate_id = f.id)
         ) THEN 'holder_differs'
         WHEN f.keeps_name OR f.keeps_employer OR f.keeps_expiry OR f.expires_on < f.issued_on THEN 'corrected_in_portal'
    END AS conflict
FROM final f
JOIN certificates_legacycertificate c ON c.id = f.id
CROSS JOIN LATERAL (
    SELECT jsonb_object_agg(v.field, jsonb_build_array(v.old, v.new)) AS changed
    FROM (VALUES
        ('holder_name', left(c.holder_name, 1) || '*', left(f.holder_name, 1) || '*', c.holder_name <> f.holder_name),
        ('number', c.number, f.number, c.number <> f.number),
        ('kind', c.kind, f.kind, c.kind <> f.kind),
        ('post_code', c.post_code, f.post_code, c.post_code <> f.post_code),
        ('issuer', c.issuer, f.issuer, c.issuer <> f.issuer),
        ('issuer_name', c.issuer_name, f.issuer_name, c.issuer_name <> f.issuer_name),
        ('issued_on', c.issued_on::text, f.issued_on::text, c.issued_on <> f.issued_on),
        ('expires_on', c.expires_on::text, f.expires_on::text, c.expires_on IS DISTINCT FROM f.expires_on),
        ('employer_name', c.employer_name, f.employer_name, c.employer_name <> f.employer_name),
        ('employer_code', c.employer_code, f.employer_code, c.employer_code <> f.employer_code),
        ('area_code', c.area_code, f.area_code, c.area_code <> f.area_code),
        ('in_national_system', c.in_national_system::text, f.in_national_system::text,
            c.in_national_system <> f.in_national_system),
        ('person', NULL, NULL, f.other_holder)
    ) AS v (field, old, new, differs)
    WHERE v.differs
) diff
WHERE diff.changed IS NOT NULL OR f.keeps_name OR f.keeps_employer OR f.keeps_expiry
"""

_CONFLICTS = "SELECT row, conflict FROM registry_change WHERE conflict IS NOT NULL ORDER BY row"

_TAKE_CONFLICTS = """
DELETE FROM registry_row r USING registry_change ch
WHERE r.row = ch.row AND (ch.conflict IN ('certificate_exchanged', 'certificate_void', 'holder_differs')
                          OR ch.expires_on < ch.issued_on OR ch.changed IS NULL)
"""
_KEEP_CHANGES = (
    "DELETE FROM registry_change ch WHERE NOT EXISTS (SELECT FROM registry_row r WHERE r.row = ch.row)"
)

# The person's name is that of the newest certificate; whoever is known already keeps theirs.
_INSERT_PEOPLE = """
INSERT INTO accounts_person (name, id_number, id_number_hash, created_at)
SELECT DISTINCT ON (r.id_hash) r.holder_name, r.id_number, r.id_hash, %(at)s FROM registry_row r
WHERE NOT EXISTS (SELECT FROM accounts_person p WHERE p.id_number_hash = r.id_hash)
ORDER BY r.id_hash, r.issued_on DESC, r.row
ON CONFLICT (id_number_hash) DO NOTHING
"""

_INSERT = """
INSERT INTO certificates_legacycertificate (
    id, person_id, holder_name, number, number_key, kind, post_code, issuer, issuer_name, issued_on, expires_on,
    employer_name, employer_code, area_code, in_national_system, status, imported_at)
SELECT gen_random_uuid(), p.id, r.holder_name, r.number, r.number_key, r.kind, r.post_code, r.issuer, r.issuer_name,
    r.issued_on, r.expires_on, r.employer_name, r.employer_code, r.area_code, r.in_national_system, 'active', %(at)s
FROM registry_row r JOIN accounts_person p ON p.id_number_hash = r.id_hash
WHERE NOT EXISTS (SELECT FROM certificates_legacycertificate c WHERE c.number_key = r.number_key)
ORDER BY r.row
"""

_UPDATE = """
UPDATE certificates_legacycertificate c SET
    person_id = p.id, holder_name = ch.holder_name, number = ch.number, kind = ch.kind, post_code = ch.post_code,
    issuer = ch.issuer, issuer_name = ch.issuer_name, issued_on = ch.issued_on, expires_on = ch.expires_on,
    employer_name = ch.employer_name, employer_code = ch.employer_code, area_code = ch.area_code,
    in_national_system = ch.in_national_system
FROM registry_change ch JOIN accounts_person p ON p.id_number_hash = ch.id_hash
WHERE c.id = ch.id
"""

_RECORD_UPDATES = """
INSERT INTO events_event (at, verb, actor_id, actor_role, means, subject_kind, subject_id, person_id, data)
SELECT %(at)s, %(verb)s, %(actor_id)s, %(actor_role)s, %(means)s, 'certificates.legacycertificate', c.id::text,
    c.person_id, jsonb_build_object('actor', %(actor)s::text, 'file', %(sha256)s::text, 'changed', ch.changed)
FROM registry_change ch JOIN certificates_legacycertificate c ON c.id = ch.id
ORDER BY ch.row
"""


class Staging:
    """The temporary table within the caller's transaction; call the steps in the order in which they stand here."""

    def __init__(self, cursor: CursorWrapper) -> None:
        self.cursor = cursor
        cursor.execute(_STAGE)

    def add(self, chunk: Chunk, bad: Container[int], issuer_code: Callable[[str], str]) -> int:
        """Copy the rows that are not ``bad``, and return how many they are."""
        rows = zip(chunk.numbers, _lines(chunk, issuer_code), strict=True)
        lines = [line for row, line in rows if row not in bad]
        self.cursor.copy_expert("COPY pg_temp.registry_row FROM STDIN", io.StringIO("".join(lines)))
        return len(lines)

    def take_doubles(self) -> list[tuple[int, list[int], bool]]:
        """Remove rows that repeat a number: ``(row, rows with that number, whether they say different things)``."""
        self.cursor.execute(_INDEX)
        self.cursor.execute(_TAKE_DOUBLES)
        return list(self.cursor.fetchall())

    def compare(self) -> tuple[list[tuple[int, str]], int]:
        """Compare with the known certificates, and lock those that differ.

        Returns ``(row, code)`` of what the portal decided otherwise, and how many rows were taken out for it.
        """
        self.cursor.execute(_COMPARE)
        self.cursor.execute(_LOCK)
        if not self.cursor.fetchone()[0]:
            return [], 0
        self.cursor.execute(_COMPARE)
        self.cursor.execute(_CONFLICTS)
        conflicts = list(self.cursor.fetchall())
        self.cursor.execute(_TAKE_CONFLICTS)
        taken = self.cursor.rowcount
        self.cursor.execute(_KEEP_CHANGES)
        return conflicts, taken

    def write(self, facts: dict[str, Any]) -> tuple[int, int]:
        """Insert and update what is left, with an event for each update; return both counts."""
        self.cursor.execute(_INSERT_PEOPLE, facts)
        self.cursor.execute(_INSERT, facts)
        new = self.cursor.rowcount
        self.cursor.execute(_UPDATE)
        updated = self.cursor.rowcount
        if updated:
            self.cursor.execute(_RECORD_UPDATES, facts)
        return new, updated


def _lines(chunk: Chunk, issuer_code: Callable[[str], str]) -> Iterator[str]:
    """Return each row as a line for `COPY`; one of a bad row is never used."""
    values: dict[str, list[Any]] = chunk.values
    columns: list[Iterable[str]] = [
        map(str, chunk.numbers),
        _column(values["holder_name"], _text),
        _column(values["id_number"], lambda number: _bytes(crypto.encrypt(number))),
        _column(values["id_number"], lambda number: _bytes(crypto.blind_index("id_number", number))),
        _column(values["number"], _text),
        _column(values["number"], lambda number: _text(number_key(number))),
        _column(values["kind"], str),
        _column(values["post_code"], _text),
        _column(values["issuer_name"], issuer_code),
        _column(values["issuer_name"], _text),
        _column(values["issued_on"], date.isoformat),
        _column(values["expires_on"], date.isoformat, _NULL),
        _column(values["employer_name"], _text),
        _column(values["employer_code"], str),
        _column(values["area_code"], str),
        _column(values["in_national_system"], lambda found: "t" if found else "f"),
    ]
    return ("\t".join(line) + "\n" for line in zip(*columns, strict=True))


def _column(values: list[Any], write: Callable[[Any], str], empty: str = "") -> Iterable[str]:
    return (empty if value is None else write(value) for value in values)


def _text(text: str) -> str:
    return text.replace("\\", "\\\\")  # the reader has taken out tabs and line breaks


def _bytes(content: bytes) -> str:
    return f"\\\\x{content.hex()}"
