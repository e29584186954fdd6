"""Write `docs/clauses.md`: each clause, the values that it gives, what carries it out, and the tests that name it."""

import re
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.policy import PolicyPack, load_pack
from portal.policy.clauses import Clause, clauses

CODE = ("portal", "institutions", "education", "certificates", "templates")
LEFT_OUT = {"clauses.toml", "clauses.py", "hainan-2020.toml", "hubei-2021.toml", "test_clauses.py"}
"""What states clauses without carrying them out."""
TARGET = settings.BASE_DIR / "docs" / "clauses.md"


@dataclass(frozen=True)
class Coverage:
    """Where one clause is cited: paths of the code that carries it out, and of the tests that name it."""

    clause: Clause
    values: list[str]
    code: list[str]
    tests: list[str]


def coverage(root: Path = settings.BASE_DIR) -> list[Coverage]:
    """Return where each clause is cited, by reading the sources as text."""
    code, tests = list(_texts(root, CODE)), list(_texts(root, ("tests",)))
    pack = load_pack("hainan-2020")
    return [
        Coverage(clause, _values(clause, pack), _citing(clause.id, code), _citing(clause.id, tests))
        for clause in clauses()
    ]


def _texts(root: Path, folders: Iterable[str]) -> Iterator[tuple[str, str]]:
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in {".py", ".html", ".toml"} and path.name not in LEFT_OUT:
                yield path.relative_to(root).as_posix(), path.read_text("utf-8")


def _citing(number: str, texts: Iterable[tuple[str, str]]) -> list[str]:
    """Return the paths of the texts that cite a clause: ``(1.1)``, ``"1.1, 2.2"``, ``clause 5``; a bare 5 is no citation."""
    one, other = re.escape(number), r"\d\.\d[ab]?"
    forms = [rf"clauses? {one}(?![.\d])"]
    if "." in number:
        listed = rf"(?:{other}, )*{one}(?:, {other})*"
        forms += [rf"\({listed}\)", rf"[\"']{listed}[\"']", rf"\({one}[–-]"]
    citation = re.compile("|".join(forms))
    return [path for path, text in texts if citation.search(text)]


def _values(clause: Clause, pack: PolicyPack) -> list[str]:
    return [entry.key for entry in pack.entries.values() if clause.id in (entry.clause or "").split(", ")]


def document(found: Iterable[Coverage]) -> str:
    """Return the text of `docs/clauses.md`."""
    head = """# The clauses

Written by `manage.py clauses`; a test fails when a clause is carried out or tested nowhere. The values are those of
`portal/policy/hainan-2020.toml`.
"""
    parts = [head]
    for item in found:
        clause = item.clause
        parts.append(
            f"## {clause.id} {clause.title.en} · {clause.title.zh}\n\n{clause.text.en}\n\n{clause.text.zh}\n"
        )
        for title, names in (
            ("Values", item.values),
            ("Carried out in", item.code),
            ("Tested in", item.tests),
        ):
            if names:
                parts.append(f"{title}: " + ", ".join(f"`{name}`" for name in names) + "\n")
    return "\n".join(parts)


class Command(BaseCommand):
    help = "Write docs/clauses.md; --check fails where a clause is carried out or tested nowhere."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        found = coverage()
        gaps = [item.clause.id for item in found if not (item.code and item.tests)]
        if gaps:
            raise CommandError(f"Carried out or tested nowhere: {', '.join(gaps)}.")
        if not options["check"]:
            TARGET.write_text(document(found), "utf-8")
        self.stdout.write(f"{len(found)} clauses, each carried out and tested.")
