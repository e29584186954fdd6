"""The facts of events in words."""

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

LABELS: dict[str, "str | Promise"] = {
    "area": _("Area"),
    "before": _("Before"),
    "changed": _("Changed"),
    "clause": _("Clause"),
    "clerk": _("Clerk"),
    "closes_on": _("Closes on"),
    "code": _("Credit code"),
    "corrects": _("Corrects"),
    "decision": _("Decision"),
    "dropped": _("Rows left out"),
    "electronic_id": _("Electronic certificate"),
    "employer": _("Employer"),
    "file": _("Fingerprint of the file"),
    "filters": _("Filters"),
    "finding": _("Finding"),
    "first_day": _("First day"),
    "ground": _("Ground"),
    "institution": _("Institution"),
    "last_day": _("Last day"),
    "legacy_id": _("Paper certificate"),
    "mobile": _("Mobile number"),
    "month": _("Month"),
    "moved_from": _("Moved from"),
    "name": _("Name"),
    "name_differs": _("Name differs"),
    "new": _("New"),
    "number": _("Number"),
    "origin": _("Network (fingerprint)"),
    "place": _("Place"),
    "reason": _("Reason"),
    "reference": _("Reference"),
    "reported": _("Rows with problems"),
    "role": _("Role"),
    "rows": _("Rows"),
    "scopes": _("Scopes"),
    "service": _("Service"),
    "sha256": _("Fingerprint"),
    "to": _("To"),
    "unchanged": _("Unchanged"),
    "updated": _("Updated"),
    "valid_from": _("Valid from"),
    "valid_until": _("Valid until"),
    "version": _("Version"),
    "was_known": _("Known before"),
}
"""Names of what events keep; a fact that has none here is shown by its code."""


def fact_text(key: str, value: Any) -> tuple[str, str]:
    """Return a fact's name and value for people."""
    return str(LABELS.get(key, key)), _value(value)


def _value(value: Any) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return _now("Yes") if value else _now("No")
    if isinstance(value, dict):
        return (
            _decision(value) if "outcome" in value else _listed(f"{k} {_value(v)}" for k, v in value.items())
        )
    if isinstance(value, list):
        return _listed(_value(each) for each in value)
    return str(value)


def _listed(parts: Any) -> str:
    return "; ".join(parts)


def _decision(decision: dict[str, Any]) -> str:
    """Name the outcome of a decision, and the checks that did not pass with their clauses."""
    unmet = [
        f"{check['code']} ({check.get('clause', '')})"
        for check in decision.get("checks", [])
        if check.get("result") != "pass"
    ]
    return _listed([str(decision["outcome"]), *unmet])
