"""Settle everybody's standing with continuing education (2.1, 3.1a)."""

import time
from argparse import ArgumentParser
from collections import Counter
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand
from django.db.models import Count
from rich.console import Console

from certificates.models import CertificateStanding, SettlementRun
from certificates.services.standing import standings_settle
from portal import clock
from portal.events.services import Actor


class Command(BaseCommand):
    help = (
        "Work out where every electronic and safety-officer certificate stands, and keep what has changed. "
        "Adds every record up again; the nightly job does so only when the rules have changed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--as-of", type=date.fromisoformat, metavar="DATE", help="the day asked about; without it, today"
        )
        parser.add_argument(
            "--from-sums", action="store_true", help="look only at whom the calendar can have changed"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        as_of, started = options["as_of"] or clock.today(), time.monotonic()
        before = _counts()
        with Console(stderr=True).status(f"Settling {as_of} …"):
            standings_settle(
                as_of=as_of, by=Actor.command("settle_standing"), recount=not options["from_sums"]
            )
        run = SettlementRun.objects.latest("pk")
        seconds = time.monotonic() - started
        self.stdout.write(
            f"{run.as_of} under {run.pack}: {run.rows_seen} certificates, {run.rows_written} rows written, {seconds:.1f} s"
        )
        after = _counts()
        for status in sorted(before | after):
            self.stdout.write(f"{status}: {before[status]} → {after[status]}")


def _counts() -> Counter[str]:
    rows = CertificateStanding.objects.order_by().values_list("status").annotate(count=Count("pk"))
    return Counter(dict(rows))
