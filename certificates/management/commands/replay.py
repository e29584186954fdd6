"""Repeat a decision that an event keeps, and show what comes out otherwise."""

from argparse import ArgumentParser
from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import override
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from certificates.messages import explain
from certificates.replay import NotReplayableError, Replay, exchange_replay, stored_decision
from portal import clock
from portal.events.models import Event
from portal.policy import (
    SHANGHAI,
    Check,
    Policy,
    PolicyError,
    PolicyPack,
    current_pack,
    day_of,
    load_pack,
    load_pack_file,
)


class Command(BaseCommand):
    help = "Repeat the decision of an exchange under the policy of then, of today, or of another pack."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("event", type=int, help="the number of an event of an exchange, done or refused")
        parser.add_argument(
            "--policy",
            default="then",
            metavar="then|today|PACK",
            help="then (the values of that day), today, or a pack's name or file with its values of that day",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        event = Event.objects.filter(pk=options["event"]).first()
        if event is None:
            raise CommandError(f"There is no event {options['event']}.")
        try:
            replay = exchange_replay(event, _policy(options["policy"], event))
        except NotReplayableError as error:
            raise CommandError(
                f"Event {event.pk} ({event.verb}) keeps no decision on an exchange with its facts. "
                "Choose an event certificates.exchange.completed or certificates.exchange.refused."
            ) from error
        except PolicyError as error:
            raise CommandError(str(error)) from error
        self._print(event, replay)

    def _print(self, event: Event, replay: Replay) -> None:
        stored, replayed = replay.stored, replay.replayed
        table = Table(
            title=f"Event {event.pk}, {event.at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}", show_lines=True
        )
        columns = (
            "check",
            "clause",
            f"{stored.pack} on {stored.on}",
            f"{replayed.pack} on {replayed.on}",
            "",
        )
        for column in columns:
            table.add_column(column, overflow="fold")
        with override("en"):
            for each in replay.checks:
                cells = (each.check.code, each.check.clause, _shown(each.stored), _shown(each.replayed))
                table.add_row(*map(escape, cells), "differs" if each.differs else "same")
        Console(file=cast("IO[str]", self.stdout), width=140).print(table)
        different = sum(each.differs for each in replay.checks)
        self.stdout.write(
            f"{stored.outcome} → {replayed.outcome}; {different} of {len(replay.checks)} checks differ."
        )


def _shown(check: Check | None) -> str:
    return f"{check.result}: {explain(check)}" if check else "not asked"


def _policy(choice: str, event: Event) -> Policy:
    if choice == "today":
        return current_pack().on(clock.today())
    if choice == "then":
        stored = stored_decision(event)
        return _pack(stored.pack).on(stored.on)
    return _pack(choice).on(day_of(event.at))


def _pack(name: str) -> PolicyPack:
    if name.endswith(".toml"):
        return load_pack_file(name)
    return current_pack() if name == current_pack().name else load_pack(name)
