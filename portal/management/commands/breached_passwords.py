"""Load a list of passwords that nobody may choose."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.accounts.breached import NotSortedError, file_write, hashes_of


class Command(BaseCommand):
    help = (
        "Write the file of breached passwords from the downloads of Have I Been Pwned: a file of all hashes ordered by hash, "
        "or the folder of range files. Needs no network; the portal sees the new file at once."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "source", type=Path, help="a file of lines HASH:COUNT, or a folder of range files"
        )
        parser.add_argument(
            "--at-least",
            type=int,
            default=1,
            metavar="N",
            help="only passwords seen so often (fewer, smaller)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        source: Path = options["source"]
        paths = sorted(source.iterdir()) if source.is_dir() else [source]
        target = Path(settings.BREACHED_PASSWORDS)
        try:
            count = file_write(target, hashes_of(paths, at_least=options["at_least"]))
        except NotSortedError as error:
            raise CommandError(
                f"The hashes are not in order near {error}. Take the list ordered by hash."
            ) from error
        except (OSError, ValueError) as error:
            raise CommandError(f"{source} cannot be read as lines HASH:COUNT: {error}") from error
        self.stdout.write(
            f"{count} passwords are refused from now on ({target}, {target.stat().st_size >> 20} MB)."
        )
