"""Write a sample province as files."""

from argparse import ArgumentParser, ArgumentTypeError
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from portal.policy import current_pack
from portal.sample import write_province

ON = date(2020, 12, 28)


class Command(BaseCommand):
    help = (
        "Write a sample province: legacy registry, institutions, batches, photos, people and the plan of what they do. "
        "Nobody in it exists; the same seed writes the same province."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--people", type=_count, default=2_000, metavar="N")
        parser.add_argument("--seed", type=int, default=1, metavar="S")
        parser.add_argument("--out", type=Path, required=True, metavar="DIR")

    def handle(self, *args: Any, **options: Any) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=Console(stderr=True)) as bar:
            tasks = {stage: bar.add_task(stage, total=None) for stage in ("people", "batches")}
            written = write_province(
                options["out"],
                people=options["people"],
                seed=options["seed"],
                policy=current_pack().on(ON),
                progress=lambda stage, done, total: bar.update(tasks[stage], completed=done, total=total),
            )
        self.stdout.write(
            f"{written.people} people, {written.certificates} certificates, {written.institutions} institutions, "
            f"{written.batches} batches, {written.photos} photos, {written.actions} actions in {options['out']}"
        )


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise ArgumentTypeError(f"expected a number of people, got {text}")
    return int(text)
