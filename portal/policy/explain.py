"""Turns a check into a sentence in the reader's language."""

import re
from collections.abc import Mapping, Sequence
from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext, pgettext

from portal.policy.decision import Check, JsonValue

ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def explain(templates: Mapping[str, str], check: Check) -> str:
    """Return the sentence for a check.

    `templates` holds msgids under `code.result`, or `code.result.reason` where the facts give a reason; the facts and
    the clause fill their named fields. `KeyError` when a room has no sentence for a check: every check is explained.
    """
    key = f"{check.code}.{check.result.value}"
    special = f"{key}.{check.facts.get('reason')}"
    template = templates[special] if special in templates else templates[key]
    fields = {name: readable(fact) for name, fact in check.facts.items()}
    return gettext(template).format_map({**fields, "clause": check.clause})


def readable(fact: JsonValue) -> str:
    """Return a fact as people write it: a day in their form, a list with their separator."""
    if isinstance(fact, str):
        return date_format(date.fromisoformat(fact)) if ISO_DAY.fullmatch(fact) else fact
    if isinstance(fact, Sequence):
        # Translators: stands between the members of a list, as in "101, 102, 103".
        return pgettext("list separator", ", ").join(readable(item) for item in fact)
    return str(fact)
