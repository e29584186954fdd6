"""The rules in force as people read them: each clause in words, and under it the values that carry it out."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import get_language, gettext_lazy, ngettext, pgettext
from django.utils.translation import gettext as _

from portal.policy.clauses import clauses
from portal.policy.pack import PolicyPack, ValueInForce

_READINGS = {
    "calendar": gettext_lazy("calendar year"),
    "anniversary": gettext_lazy("twelve months from the anniversary of the issue"),
    "year_after_issue": gettext_lazy("the year after the issue"),
    "one_year_after_issue": gettext_lazy("one year after the issue"),
    "day_after_issue": gettext_lazy("the day after the issue"),
    "rolling": gettext_lazy("every two consecutive periods"),
    "none": gettext_lazy("none"),
    "iso7064_mod_11_10": gettext_lazy("ISO 7064, MOD 11,10"),
    "post_training": gettext_lazy("post-training certificate"),
    "enterprise_post": gettext_lazy("enterprise post certificate"),
    "safety_officer": gettext_lazy("safety-officer certificate"),
    "replacement": gettext_lazy("replacement of a lost certificate"),
    "change_of_information": gettext_lazy("change of information"),
    "extension": gettext_lazy("extension"),
    "cancellation": gettext_lazy("cancellation"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One value as a person reads it; ``items`` for a list."""

    note: str
    text: str
    items: Sequence[str]
    since: date
    source: str
    reading: bool


@dataclass(frozen=True, slots=True)
class Section:
    """A clause and its values; the last section, without a number, holds what no clause says."""

    id: str
    title: str
    text: str
    lines: Sequence[Line]


def rules_in_force(pack: PolicyPack, day: date) -> list[Section]:
    """Return every clause with the values in force on ``day``, in the active language."""
    language = get_language() or "zh-hans"
    lines: dict[str, list[Line]] = defaultdict(list)
    for value in pack.in_force(day):
        first_clause = (value.clause or "").split(",")[0].strip()
        lines[first_clause].append(_line(value, language))
    sections = [
        Section(
            clause.id, clause.title.in_language(language), clause.text.in_language(language), lines[clause.id]
        )
        for clause in clauses()
    ]
    rest = Section(
        "",
        _("The portal's own settings"),
        _("What no clause says and the department has settled."),
        lines[""],
    )
    return [*sections, rest] if rest.lines else sections


def _line(value: ValueInForce, language: str) -> Line:
    items = _items(value.value, value.unit, language)
    if value.unit != "list":  # a few figures read better in one line than below each other
        items = [pgettext("between items", ", ").join(items)]
    return Line(
        note=value.note.in_language(language),
        text=items[0] if len(items) == 1 else "",
        items=items if len(items) > 1 else (),
        since=value.since,
        source=value.document.in_language(language) if value.document else "",
        reading=value.reading,
    )


def _items(value: Any, unit: str, language: str) -> list[str]:
    """Return the value's parts as text: a list one by one, anything else as one."""
    if isinstance(value, list):
        return [_scalar(item, unit, language) for item in value]
    return [_scalar(value, unit, language)]


def _scalar(value: Any, unit: str, language: str) -> str:
    if isinstance(value, Mapping):
        name = value["en" if language.startswith("en") else "zh"]
        return f"{value['code']} {name}" if unit == "list" else str(name)
    if value is None:
        return _("none")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if unit == "date":
        return date_format(date.fromisoformat(str(value)))
    return _UNITS.get(unit, str)(_READINGS.get(value, value) if isinstance(value, str) else value)


def _bytes(number: Any) -> str:
    return _("%(number)s MB") % {"number": f"{int(number) / 1024 / 1024:g}"}


_UNITS: dict[str, Callable[[Any], str]] = {
    "hours": lambda number: ngettext("%(number)s hour", "%(number)s hours", int(number)) % {"number": number},
    "days": lambda number: ngettext("%(number)s day", "%(number)s days", int(number)) % {"number": number},
    "bytes": _bytes,
    "percent": lambda number: f"{number} %",
}
