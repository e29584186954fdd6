"""Load the sample province of the demo."""

import json
from argparse import ArgumentParser
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from certificates.demo import Player, is_loaded


class Command(BaseCommand):
    help = (
        "Make a sample province and play it through import, upload, review and click, as its people would; "
        "write the logins to var/demo.json. Only where time is simulated, and only into an empty database."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--people", type=int, default=2_000, metavar="N")
        parser.add_argument("--seed", type=int, default=1, metavar="S")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PORTAL_NOW is None:
            raise CommandError("PORTAL_NOW is not set: a sample province never goes into a real portal.")
        if is_loaded():
            raise CommandError("There are people in this database already. `make demo-reset` starts over.")
        with TemporaryDirectory(prefix="sample-") as folder:
            call_command("make_sample", people=options["people"], seed=options["seed"], out=Path(folder))
            keys = self._play(Player(Path(folder)))
        path = settings.VAR_DIR / "demo.json"
        path.write_text(json.dumps(keys, ensure_ascii=False, indent=2) + "\n", "utf-8")

    def _play(self, player: Player) -> dict[str, Any]:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task("actions", total=None)
            return player.play(lambda done, total: bar.update(task, completed=done, total=total))
