"""The transparency log from the command line."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from certificates.credentials.keys import public_keys
from certificates.log.audit import log_audit
from certificates.log.note import NoteError, TreeHead, note_read
from certificates.log.proofs import checkpoint
from certificates.log.services import log_sequence


class Command(BaseCommand):
    help = (
        "verify: recompute the transparency log from its leaves and compare each leaf with the row that it is about. "
        "sequence: take in what waits. checkpoint: print the signed tree head, to be kept elsewhere."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", choices=["verify", "sequence", "checkpoint"])
        parser.add_argument(
            "--checkpoint",
            type=Path,
            metavar="FILE",
            help="verify: a tree head that was kept elsewhere must fit too",
        )

        parser.add_argument(
            "--files",
            action="store_true",
            help="verify: read every PDF and photo and compare their digests, too",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        match options["action"]:
            case "verify":
                self._verify(options["checkpoint"], files=options["files"])
            case "sequence":
                self.stdout.write(_("%(count)s new leaves") % {"count": log_sequence()})
            case "checkpoint":
                self.stdout.write(checkpoint().note, ending="")

    def _verify(self, path: Path | None, *, files: bool) -> None:
        audit = log_audit(_kept(path) if path else None, files=files)
        for finding in audit.findings:
            self.stderr.write(finding)
        facts = {"leaves": audit.leaves, "waiting": audit.waiting, "root": audit.root.hex()}
        self.stdout.write(_("%(leaves)s leaves, %(waiting)s changes waiting, root %(root)s") % facts)
        if audit.findings:
            raise CommandError(
                _("The log and the database do not fit each other: %(count)s findings.")
                % {"count": len(audit.findings)}
            )
        self.stdout.write(_("Every leaf fits its row, and every row its last leaf."))


def _kept(path: Path) -> TreeHead:
    try:
        return note_read(path.read_text(encoding="utf-8"), public_keys())
    except (OSError, UnicodeDecodeError, NoteError) as error:
        raise CommandError(f"{path}: {error}") from error
