"""Read the legacy registry into the portal."""

from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from certificates.registry import ImportCounts, registry_import
from certificates.registry.report import report_write
from portal import clock
from portal.events.services import Actor
from portal.policy import current_pack
from portal.tables import FileRefusedError, describe


class Command(BaseCommand):
    help = (
        "Import a legacy registry (XLSX or CSV) in one transaction. Good rows are taken in, the others go to a report; "
        "the same file again changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="the registry: XLSX, or CSV in UTF-8, GB18030 or UTF-16")
        parser.add_argument(
            "--report", type=Path, metavar="PATH", help="where the rows not taken in are written"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        source: Path = options["file"]
        report = options["report"] or source.with_name(_("{name}-report.xlsx").format(name=source.stem))
        try:
            counts = self._import(source, report)
        except FileRefusedError as error:
            text = describe(error.problem)
            raise CommandError(f"{source}: {text.message} {text.fix}") from error
        except OSError as error:
            raise CommandError(f"{error.filename or source}: {error.strerror}") from error
        self._print(counts, report)

    def _import(self, source: Path, report: Path) -> ImportCounts:
        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with source.open("rb") as stream, Progress(*columns, console=console) as progress:
            counts = registry_import(
                source=stream, by=Actor.command("import_registry"), progress=_shown(progress)
            )
            if counts.reported:
                policy = current_pack().on(clock.today())
                report_write(report, source=stream, problems=counts.problems, policy=policy)
        return counts

    def _print(self, counts: ImportCounts, report: Path) -> None:
        for note in counts.notes:
            self.stdout.write(" ".join(describe(note)))
        parts = [
            ngettext("%(count)s row", "%(count)s rows", counts.rows) % {"count": counts.rows},
            _("%(count)s new") % {"count": counts.new},
            _("%(count)s updated") % {"count": counts.updated},
            _("%(count)s unchanged") % {"count": counts.unchanged},
            _("%(count)s repeated") % {"count": counts.repeated},
            _("%(count)s reported") % {"count": counts.reported},
        ]
        self.stdout.write(" · ".join(parts))
        if counts.reported:
            self.stdout.write(_("Reasons and remedies: %(path)s") % {"path": report})


def _shown(progress: Progress) -> Callable[[str, int, int], None]:
    names = {"reading": _("Reading"), "comparing": _("Comparing"), "writing": _("Writing")}
    tasks = {stage: progress.add_task(name, total=None) for stage, name in names.items()}

    def show(stage: str, done: int, total: int) -> None:
        progress.update(tasks[stage], completed=done, total=total)

    return show
