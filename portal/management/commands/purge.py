"""Delete what is no longer needed, as the background job does every hour."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from portal.events.services import Actor
from portal.retention import purge


class Command(BaseCommand):
    help = "Delete what the policy keeps no longer (section retention). Events are never deleted."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say what would be deleted")

    def handle(self, *_args: Any, **options: Any) -> None:
        for expiring, count in purge(by=Actor.command("purge"), dry_run=options["dry_run"]):
            self.stdout.write(f"{count:>8}  {expiring.code}  {expiring.label}")
        if options["dry_run"]:
            self.stdout.write("Nothing was deleted: this was a dry run.")
