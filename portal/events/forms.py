from django import forms
from django.utils.translation import gettext_lazy as _

from portal.events.verbs import all_verbs
from portal.forms import DayField, Form, LineField


def _verbs() -> list[tuple[str, object]]:
    return [("", _("Everything")), *sorted(all_verbs().items())]


class HistoryForm(Form):
    """The filters of the history; their values are codes and days only."""

    verb = forms.ChoiceField(label=_("What happened"), choices=_verbs, required=False)
    first = DayField(label=_("From"), required=False)
    last = DayField(label=_("To"), required=False)


class FindForm(Form):
    text = LineField(
        label=_("About whom or what"),
        help_text=_("A certificate number, an ID number, a user name or a credit code."),
        max_length=60,
        required=False,
    )
