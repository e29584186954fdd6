"""The facts of events in words."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext, pgettext_lazy

LABELS: dict[str, "str | Promise"] = {
    "area": _("Area"),
    "about": _("About"),
    "as_of": pgettext_lazy("history", "As of"),
    "before": _("Before"),
    "changed": _("Changed"),
    "clause": _("Clause"),
    "clerk": _("Clerk"),
    "closes_on": _("Closes on"),
    "code": _("Credit code"),
    "complete": _("Opens everything"),
    "count": _("Number of them"),
    "corrects": _("Corrects"),
    "decision": _("Decision"),
    "dropped": _("Rows left out"),
    "ending": _("How it ended"),
    "errors": _("Rows with errors"),
    "electronic_id": _("Electronic certificate"),
    "employer": _("Employer"),
    "exchange": _("Before the exchange deadline"),
    "facts": _("Facts"),
    "file": _("Fingerprint of the file"),
    "filters": _("Filters"),
    "finding": _("Finding"),
    "first": _("First day"),
    "first_day": _("First day"),
    "from": pgettext_lazy("history", "From"),
    "ground": _("Ground"),
    "institution": _("Institution"),
    "kind": pgettext_lazy("history", "Kind"),
    "last_day": _("Last day"),
    "left": pgettext_lazy("history", "Left"),
    "objection_until": _("Objection until"),
    "outcome": pgettext_lazy("history", "Outcome"),
    "pack": _("Rules"),
    "period": _("Before the end of a period"),
    "legacy_id": _("Paper certificate"),
    "means_of_proof": _("Proved by"),
    "mobile": _("Mobile number"),
    "month": _("Month"),
    "moved_from": _("Moved from"),
    "name": _("Name"),
    "name_differs": _("Name differs"),
    "new": _("New"),
    "number": _("Number"),
    "origin": _("Network (fingerprint)"),
    "place": _("Place"),
    "purpose": _("Purpose"),
    "reason": _("Reason"),
    "reference": _("Reference"),
    "reasons": _("Reasons"),
    "records": _("Records"),
    "refused": _("Rows refused"),
    "reported": _("Rows with problems"),
    "role": _("Role"),
    "rows": _("Rows"),
    "scopes": _("Scopes"),
    "seen_on": _("Originals seen on"),
    "service": _("Service"),
    "sha256": _("Fingerprint"),
    "title": pgettext_lazy("of a text", "Title"),
    "to": _("To"),
    "unchanged": _("Unchanged"),
    "updated": _("Updated"),
    "valid_from": _("Valid from"),
    "valid_until": _("Valid until"),
    "values": _("Values"),
    "version": _("Version"),
    "what": pgettext_lazy("history", "What"),
    "window": _("Two years"),
    "was_known": _("Known before"),
}
"""Names of what events keep; a fact that has none here is shown by its code."""


TECHNICAL = frozenset(
    {"clerk", "electronic_id", "facts", "file", "legacy_id", "origin", "proposal", "sha256"}
)
"""Facts that tell a person nothing: fingerprints, keys, and what a decision was made on beside the decision."""

WORDS: dict[str, "str | Promise"] = {
    "active": pgettext_lazy("history", "active"),
    "approved": pgettext_lazy("history", "approved"),
    "area_code": pgettext_lazy("history", "city or county"),
    "at_risk": pgettext_lazy("history", "at risk"),
    "cancellation": pgettext_lazy("history", "cancellation"),
    "change_of_information": pgettext_lazy("history", "change of information"),
    "confirmed": pgettext_lazy("history", "confirmed"),
    "email": pgettext_lazy("history", "e-mail address"),
    "employer_code": pgettext_lazy("history", "credit code of the employer"),
    "employer_name": pgettext_lazy("history", "employer"),
    "exchanged": pgettext_lazy("history", "exchanged"),
    "extension": pgettext_lazy("history", "extension"),
    "hours": pgettext_lazy("history", "hours"),
    "lapsed": pgettext_lazy("history", "lapsed"),
    "mobile": pgettext_lazy("history", "mobile number"),
    "name": pgettext_lazy("history", "name"),
    "not_due": pgettext_lazy("history", "not due yet"),
    "not_engaged": pgettext_lazy("history", "not working in the post"),
    "on_track": pgettext_lazy("history", "on track"),
    "refused": pgettext_lazy("history", "refused"),
    "rejected": pgettext_lazy("history", "rejected"),
    "replacement": pgettext_lazy("history", "replacement"),
    "returned": pgettext_lazy("history", "returned"),
    "void": pgettext_lazy("history", "void"),
    "without_employer": pgettext_lazy("history", "without an employer"),
}
"""Codes that stand in facts, as people say them."""

_CHOICES: dict[str, dict[str, "str | Promise"]] = {}


def register_choices(**choices: "type[TextChoices] | Mapping[str, str | Promise]") -> None:
    """Name the codes that may stand under facts as their room does; a code named twice for a fact is an error."""
    for fact, named in choices.items():
        known = _CHOICES.setdefault(fact, {})
        for code, text in named.items() if isinstance(named, Mapping) else named.choices:
            if code in known:
                raise ValueError(f"The code {code} of the fact {fact} is named twice.")
            known[code] = text


OUTCOMES: dict[str, "str | Promise"] = {
    "eligible": _("All conditions are met"),
    "not_yet": _("Not yet: something is still to do"),
    "ineligible": _("Not possible"),
}


def plain(data: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return the facts that say something, without fingerprints and what is empty or simply not so."""
    return [
        (key, value)
        for key, value in sorted(data.items())
        if key not in TECHNICAL and key != "actor" and value not in (None, "", False, [], {})
    ]


def fact_text(key: str, value: Any) -> tuple[str, str]:
    """Return a fact's name and value for people."""
    return str(LABELS.get(key, key)), _value(value, WORDS | _CHOICES.get(key, {}))


def _value(value: Any, words: Mapping[str, "str | Promise"]) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return _now("Yes") if value else _now("No")
    if isinstance(value, dict):
        return (
            _decision(value)
            if "outcome" in value
            else _listed(f"{k} {_value(v, words)}" for k, v in value.items())
        )
    if isinstance(value, list):
        return _listed(_value(each, words) for each in value)
    return str(words.get(str(value), value))


def _listed(parts: Iterable[str]) -> str:
    return pgettext("between parts of a list", "; ").join(parts)


def _decision(decision: dict[str, Any]) -> str:
    """Name the outcome of a decision, and how many checks did not pass, with their clauses."""
    unmet = [check.get("clause", "") for check in decision.get("checks", []) if check.get("result") != "pass"]
    outcome = str(OUTCOMES.get(decision["outcome"], decision["outcome"]))
    if not unmet:
        return outcome
    clauses = ", ".join(dict.fromkeys(unmet))
    left = ngettext(
        "%(number)s condition open (%(clauses)s)", "%(number)s conditions open (%(clauses)s)", len(unmet)
    )
    return _listed([outcome, left % {"number": len(unmet), "clauses": clauses}])
