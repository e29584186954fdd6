"""Bring everything that is encrypted under the newest of the FIELD_KEYS."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from portal import clock, crypto, rotation
from portal.events.services import Actor, event_record
from portal.verbs import Verb

BY = Actor.command("rotate_keys")


class Command(BaseCommand):
    help = (
        "Encrypt identifying fields and files anew under the newest of the FIELD_KEYS, while the portal runs. With "
        "--reindex, while it stands still: make the look-up hashes anew, after which the older keys can leave the list."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--reindex", action="store_true", help="make the look-up hashes anew; stop the portal first"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        try:
            with Progress(*columns, transient=True) as bars:
                self.stdout.write(self._reindex(bars) if options["reindex"] else self._rotate(bars))
        except (rotation.ValuesRemainError, crypto.UnreadableFieldError) as error:
            raise CommandError(f"{error} What was done stays done; run the command again.") from error

    def _rotate(self, bars: Progress) -> str:
        values = missing = files = 0
        for column in rotation.encrypted_columns():
            left = rotation.values_left(column)
            bar = bars.add_task(str(column), total=left)
            rotation.values_rotate(column, lambda count, bar=bar: bars.advance(bar, count))  # type: ignore[misc]
            values += left
        for column in rotation.encrypted_files():
            count = rotation.files_count(column)
            bar = bars.add_task(str(column), total=count)
            missing += rotation.files_rotate(column, lambda done, bar=bar: bars.advance(bar, done))  # type: ignore[misc]
            files += count
        self._record(Verb.KEYS_ROTATED, values=values, files=files)
        return (
            f"{values} values encrypted anew, {files} files looked through, {missing} of them missing on disk. "
            "Everything is under the newest key."
        )

    def _reindex(self, bars: Progress) -> str:
        if len(settings.FIELD_KEYS) < 2:
            raise CommandError("FIELD_KEYS lists one key only: the look-up hashes are made with it already.")
        bar = bars.add_task("look-up hashes", total=rotation.index_rows())
        with transaction.atomic():
            deleted = rotation.indexes_renew(lambda count: bars.advance(bar, count))
            self._record(Verb.INDEXES_RENEWED, deleted=deleted)
        return (
            f"The look-up hashes are made anew; {deleted} rows about nobody that the portal knows were deleted. "
            "Now leave only the first of the FIELD_KEYS and start the portal again."
        )

    @staticmethod
    @transaction.atomic
    def _record(verb: Verb, **facts: Any) -> None:
        event_record(verb, at=clock.now(), by=BY, subject=None, **facts)
