"""What the end of a qualification would touch. Rooms that know more than institutions register what they see (2.2)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from django.utils.functional import Promise

from institutions.models import Institution


@dataclass(frozen=True, kw_only=True)
class Span:
    """The days, both included, on which an institution would be qualified no longer; ``last`` is None for good."""

    institution: Institution
    first: date
    last: date | None = None


@dataclass(frozen=True, kw_only=True)
class Effect:
    """One consequence: what is touched, how many of it, and what becomes of it."""

    label: "str | Promise"
    number: int
    meaning: "str | Promise"


Foresight = Callable[[Span], list[Effect]]
_foresights: list[Foresight] = []


def register_effects(foresight: Foresight) -> None:
    _foresights.append(foresight)


def effects_of(span: Span) -> list[Effect]:
    """Return what taking the qualification away for ``span`` would touch."""
    return [effect for foresight in _foresights for effect in foresight(span)]
