"""One sentence for each check of a standing: what was found, and the way out."""

from django.utils.translation import gettext_noop as _

from portal.policy import Check
from portal.policy.explain import explain as explain_with

TEMPLATES = {
    "ce_period.pass": _(
        "{label}: {hours} hours, {professional_hours} of them professional; the period is complete ({clause})."
    ),
    "ce_period.todo.open": _(
        "{label}: {hours} of {required} hours and {professional_hours} of {required_professional} professional ones have "
        "been approved. Take the {missing_hours} hours and {missing_professional_hours} professional hours still missing "
        "by {end}; what was taken by then is still counted when it is approved by {decided_after} ({clause})."
    ),
    "ce_period.todo.short": _(
        "{label}: {missing_hours} hours and {missing_professional_hours} professional hours are missing. They can still "
        "be made up in the period after it, when the institution reports them as made up for {label} ({clause})."
    ),
    "ce_period.fail.short": _(
        "{label}: {missing_hours} hours and {missing_professional_hours} professional hours are missing, "
        "and can no longer be made up ({clause})."
    ),
    "ce_window.pass": _(
        "{first} and {second}: {hours} hours, of {required} required over two periods (2.1)."
    ),
    "ce_window.todo": _(
        "{first} and {second}: {hours} of {required} hours over two periods; {missing} are missing. "
        "This is decided after {decided_after} (2.1)."
    ),
    "ce_window.fail": _(
        "{first} and {second}: {hours} hours, fewer than the {required} required over two periods (2.1). "
        "The vocational training has to be taken again; until the voiding is confirmed the holder may object."
    ),
}


def explain(check: Check) -> str:
    """Return the sentence for a check of this room, in the active language."""
    return explain_with(TEMPLATES, check)
