"""Deciding many at once: what is flagged is left out, and it is said what and why, before and after."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

MOST = 200


@dataclass(frozen=True, kw_only=True)
class Item:
    """One piece of work by the name that people know it by; ``flag`` says why it is to be looked at by itself."""

    object: Any
    label: str
    note: str = ""
    flag: str = ""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What was chosen, told apart."""

    items: Sequence[Item]

    @property
    def included(self) -> list[Item]:
        return [item for item in self.items if not item.flag]

    @property
    def left_out(self) -> list[Item]:
        return [item for item in self.items if item.flag]


@dataclass(kw_only=True)
class Outcome:
    """What became of a plan: how many were done, and how many of the others for which reason."""

    done: int = 0
    left_out: Counter[str] = field(default_factory=Counter)


def chosen(request: HttpRequest, work: "models.QuerySet[Any]") -> list[Any]:
    """Return those of ``work`` whose keys were ticked, in its order; what is no key of it is passed over."""
    ticked = set(request.POST.getlist("chosen")[:MOST])
    field = work.model._meta.pk
    keys = [key for text in ticked if (key := _key(field, text)) is not None]
    return list(work.filter(pk__in=keys))


def _key(field: Any, text: str) -> Any:
    try:
        return field.clean(text, None)
    except ValidationError:
        return None


def carry_out(plan: Plan, act: Callable[[Any], str]) -> Outcome:
    """Do it for each that is not flagged; ``act`` returns why it was not done after all, or nothing."""
    outcome = Outcome(left_out=Counter(item.flag for item in plan.left_out))
    for item in plan.included:
        if reason := act(item.object):
            outcome.left_out[reason] += 1
        else:
            outcome.done += 1
    return outcome


def tell(request: HttpRequest, outcome: Outcome) -> None:
    """Say on the next page how many were done and how many were left out, for each reason."""
    done = ngettext("%(number)s decided.", "%(number)s decided.", outcome.done) % {"number": outcome.done}
    reasons = [
        _("%(number)s left out: %(reason)s.") % {"number": number, "reason": reason}
        for reason, number in outcome.left_out.most_common()
    ]
    level = messages.SUCCESS if outcome.done else messages.WARNING
    messages.add_message(request, level, " ".join([done, *reasons]))
