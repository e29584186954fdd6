"""`manage.py policy preview`: who would change status if a pack came into force."""

import csv
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.table import Table

from certificates.preview import ChangeCount, Preview, StatusChange, change_counts, policy_preview
from portal import clock
from portal.policy import load_pack, load_pack_file
from portal.policy_actions import PolicyAction, register_policy_action


def register() -> None:
    register_policy_action(
        PolicyAction("preview", "show who would change status under a pack", _add_arguments, _run)
    )


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("pack", help="name or file of the pack that would come into force")
    parser.add_argument(
        "--as-of", type=date.fromisoformat, metavar="DATE", help="the day asked about; without it, today"
    )
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write the list of certificates there")


def _run(command: BaseCommand, options: dict[str, Any]) -> None:
    name: str = options["pack"]
    pack = load_pack_file(name) if name.endswith(".toml") else load_pack(name)
    preview = policy_preview(pack, as_of=options["as_of"] or clock.today())
    with ExitStack() as stack:
        changes = preview.changes()
        if options["csv"]:
            changes = _listed(changes, stack.enter_context(_opened(options["csv"])))
        counts = change_counts(changes)
    _print(preview, counts, cast("IO[str]", command.stdout))


def _opened(path: Path) -> IO[str]:
    try:
        return path.open(
            "w", encoding="utf-8-sig", newline=""
        )  # a spreadsheet program knows the encoding by its mark
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from error


def _listed(changes: Iterable[StatusChange], file: IO[str]) -> Iterator[StatusChange]:
    writer = csv.writer(file)
    writer.writerow(StatusChange._fields)
    for change in changes:
        writer.writerow(change)
        yield change


def _print(preview: Preview, counts: list[ChangeCount], output: IO[str]) -> None:
    table = Table(title=f"{preview.current.name} → {preview.pack.name} on {preview.as_of}")
    for column in ("city", "post", "from", "to", "certificates"):
        table.add_column(column, justify="right" if column == "certificates" else "left")
    for count in counts:
        table.add_row(*count[:-1], str(count.certificates))
    console = Console(file=output)
    console.print(table)
    totals: Counter[tuple[str, str]] = Counter()
    for count in counts:
        totals[count.before, count.after] += count.certificates
    for (before, after), total in sorted(totals.items()):
        output.write(f"{before} → {after}: {total}\n")
    output.write(f"{sum(totals.values())} certificates would change status. Nothing was written.\n")
