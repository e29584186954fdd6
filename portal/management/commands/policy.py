"""Read policy packs: check them, show what is in force, compare two, and what rooms add (`portal.policy_actions`)."""

from argparse import ArgumentParser
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import partial
from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from portal import clock
from portal.policy import PolicyError, PolicyPack, ValueInForce, current_pack, load_pack, load_pack_file
from portal.policy.pack import shipped_packs
from portal.policy_actions import policy_actions


class Command(BaseCommand):
    help = "Check policy packs, show the values in force, compare two packs, preview what one would change."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        check = actions.add_parser("check", help="read packs and name every problem")
        check.add_argument("packs", nargs="*", help="names or files; without any, all shipped packs")
        show = actions.add_parser("show", help="list the values in force")
        show.add_argument("pack", nargs="?", help="name or file; without it, the pack in use")
        diff = actions.add_parser("diff", help="list the values in which two packs differ")
        diff.add_argument("packs", nargs=2, metavar="PACK")
        for action in (show, diff):
            action.add_argument(
                "--on", type=_day, metavar="DATE", help="the day asked about; without it, today"
            )

        for added in policy_actions():
            added.add_arguments(actions.add_parser(added.name, help=added.help))

    def handle(self, *args: Any, **options: Any) -> None:
        actions: dict[str, Callable[[dict[str, Any]], None]] = {
            "check": self._check,
            "show": self._show,
            "diff": self._diff,
            **{added.name: partial(added.run, self) for added in policy_actions()},
        }
        try:
            actions[options["action"]](options)
        except PolicyError as error:
            raise CommandError(str(error)) from error

    def _check(self, options: dict[str, Any]) -> None:
        problems: list[str] = []
        for name in options["packs"] or shipped_packs():
            try:
                pack = _pack(name)
            except PolicyError as error:
                problems += error.problems
            else:
                self.stdout.write(f"{pack.name}: {len(pack.entries)} values, all as expected")
        if problems:
            raise PolicyError(problems)

    def _show(self, options: dict[str, Any]) -> None:
        pack = _pack(options["pack"]) if options["pack"] else current_pack()
        day = options["on"] or clock.today()
        rows = ((v.key, _shown(v), v.unit, _source(v), str(v.since), v.note.en) for v in pack.in_force(day))
        self._print(
            f"{pack.name} on {day}", ("value", "in force", "unit", "clause", "since", "what it says"), rows
        )

    def _diff(self, options: dict[str, Any]) -> None:
        left, right = (_pack(name) for name in options["packs"])
        day = options["on"] or clock.today()
        pairs = zip(left.in_force(day), right.in_force(day), strict=True)
        rows = [(a.key, _shown(a), _shown(b)) for a, b in pairs if a.value != b.value]
        self._print(f"{left.name} and {right.name} on {day}", ("value", left.name, right.name), rows)

    def _print(self, title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        table = Table(title=title, show_lines=True)
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*map(escape, row))
        Console(file=cast("IO[str]", self.stdout)).print(table)


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _pack(name: str) -> PolicyPack:
    return load_pack_file(name) if name.endswith(".toml") else load_pack(name)


def _source(value: ValueInForce) -> str:
    source = value.clause or (value.document.en if value.document else "")
    return f"{source} (a reading)" if value.reading else source


def _shown(value: ValueInForce) -> str:
    return _plain(value.value)


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_plain(item["code"] if isinstance(item, dict) else item) for item in value)
    if isinstance(value, dict):
        return str(value.get("code") or value["en"])
    return "none" if value is None else str(value)
