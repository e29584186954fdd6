"""What the database holds, before it is saved and after it was restored."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.inventory import inventory_differences, inventory_take


class Command(BaseCommand):
    help = "Print rows, constraints, indexes, triggers, functions and sequences of the database as JSON, or compare them."

    requires_system_checks = []  # it looks at the database, not at this installation

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--compare", type=Path, metavar="FILE", help="name what differs from an inventory taken before"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        now = inventory_take()
        if not options["compare"]:
            self.stdout.write(json.dumps(now, ensure_ascii=False, indent=1))
            return
        differences = list(inventory_differences(json.loads(options["compare"].read_text("utf-8")), now))
        if differences:
            raise CommandError("\n".join(["The database differs from the inventory:", *differences]))
        self.stdout.write(f"{sum(map(len, now.values()))} entries, none differs.")
