"""The one shape in which every rule of the portal answers.

A rule returns a `Decision`: a list of checks, each with a code, a result, the clause that it carries out and the facts
it was decided on. Rules hold no sentences; a room's `messages.explain` turns a check into one when it is shown.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

JsonValue: TypeAlias = "str | int | float | bool | Sequence[JsonValue] | Mapping[str, JsonValue] | None"
Facts: TypeAlias = Mapping[str, JsonValue]

SHANGHAI = ZoneInfo("Asia/Shanghai")


class Result(StrEnum):
    """What one check found."""

    PASS = "pass"  # noqa: S105 - no password
    TODO = "todo"
    """Not fulfilled, and the holder can still cure it."""
    FAIL = "fail"
    """Not fulfilled, and nobody can cure it."""


class Outcome(StrEnum):
    """What all checks together say."""

    ELIGIBLE = "eligible"
    NOT_YET = "not_yet"
    INELIGIBLE = "ineligible"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of a check-list.

    `clause` is a clause id, or several joined by ", ". `facts` are ready for JSON: dates as ISO strings, hours as
    numbers; `facts["reason"]`, where present, tells apart the ways in which one result comes about.
    """

    code: str
    result: Result
    clause: str
    facts: Facts = field(default_factory=dict)

    def as_dict(self, explain: "Explain | None" = None) -> dict[str, Any]:
        """Return the check for JSON, with its sentence when `explain` is given."""
        message = {} if explain is None else {"message": explain(self)}
        return {
            "code": self.code,
            "result": self.result.value,
            "clause": self.clause,
            **message,
            "facts": dict(self.facts),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Check":
        """Read back what `as_dict` wrote; a stored sentence is left out, since it is made anew from the facts."""
        return cls(data["code"], Result(data["result"]), data["clause"], dict(data["facts"]))


Explain: TypeAlias = Callable[[Check], str]


@dataclass(frozen=True, slots=True)
class Decision:
    """A rule's answer: its checks, and the policy pack and day under which it was taken.

    A decision without checks is refused with `ValueError`: nothing is ever allowed because nothing was asked.
    """

    checks: tuple[Check, ...]
    pack: str
    on: date

    def __post_init__(self) -> None:
        if not self.checks:
            raise ValueError("A decision needs at least one check.")

    @property
    def outcome(self) -> Outcome:
        """`eligible` when all checks pass, `ineligible` when any fails, else `not_yet`."""
        results = {check.result for check in self.checks}
        if Result.FAIL in results:
            return Outcome.INELIGIBLE
        return Outcome.NOT_YET if Result.TODO in results else Outcome.ELIGIBLE

    @property
    def eligible(self) -> bool:
        """Whether every check passes."""
        return self.outcome is Outcome.ELIGIBLE

    @property
    def unmet(self) -> tuple[Check, ...]:
        """The checks that do not pass, in their order."""
        return tuple(check for check in self.checks if check.result is not Result.PASS)

    def check(self, code: str) -> Check:
        """Return the check with this code; `KeyError` when the decision has none."""
        for check in self.checks:
            if check.code == code:
                return check
        raise KeyError(code)

    def as_dict(self, explain: Explain | None = None) -> dict[str, Any]:
        """Return the decision for JSON: `outcome`, `checks`, `policy`; with sentences when `explain` is given."""
        return {
            "outcome": self.outcome.value,
            "checks": [check.as_dict(explain) for check in self.checks],
            "policy": {"pack": self.pack, "on": self.on.isoformat()},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Decision":
        """Read back what `as_dict` wrote; the outcome is derived again from the checks."""
        checks = tuple(Check.from_dict(check) for check in data["checks"])
        return cls(checks, data["policy"]["pack"], date.fromisoformat(data["policy"]["on"]))


def day_of(moment: datetime) -> date:
    """Return the day in Asia/Shanghai on which an aware moment falls; `ValueError` for a naive one."""
    if moment.tzinfo is None:
        raise ValueError("A moment needs a time zone before it has a day.")
    return moment.astimezone(SHANGHAI).date()


def json_number(number: Decimal | int) -> int | float:
    """Return a number for JSON: an integer when it is whole, else with its decimals (28.5)."""
    return int(number) if number == int(number) else float(number)
