from django import forms
from django.utils.translation import gettext_lazy as _

from portal.accounts.forms import area_choices, area_choices_blank
from portal.forms import Form, LineField, ProseField


def area_choices_all() -> list[tuple[str, object]]:
    return [("", _("All cities and counties")), *area_choices()]


class DirectoryForm(Form):
    """The filters of the directory. An address typed by hand with a wrong area shows all areas."""

    area = forms.ChoiceField(
        label=_("City or county"),
        choices=area_choices_all,
        required=False,
        widget=forms.Select(attrs={"data-autosubmit": ""}),
    )
    name = LineField(label=_("Name contains"), max_length=60, required=False)


class ReportQueueForm(Form):
    """The filter of the reviewers' list of reports; it stands in the address."""

    area = forms.ChoiceField(label=_("City or county"), choices=area_choices_all, required=False)


class DesignationReportForm(Form):
    area_code = forms.ChoiceField(
        label=_("City or county"),
        help_text=_("Where it happened."),
        choices=area_choices_blank,
        error_messages={"required": _("Choose the city or county where it happened.")},
    )
    authority = LineField(
        label=_("Who prescribed it"),
        help_text=_("The authority or office, and the person if you know."),
        max_length=200,
        error_messages={"required": _("Enter who prescribed it.")},
    )
    account = ProseField(
        label=_("What happened?"),
        help_text=_("When, how and to whom it was said or written, and which institution was named."),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={"required": _("Describe what happened.")},
    )
    with_name = forms.BooleanField(
        label=_("Report with my account, so that I am told the outcome"),
        help_text=_("Otherwise nobody can see who reported, not even the department."),
        required=False,
    )


class FindingForm(Form):
    finding = ProseField(
        label=_("Finding"),
        help_text=_(
            "What was looked into, what was found, and what follows. Whoever reported by name is told this."
        ),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={"required": _("Write down what was found before you close the report.")},
    )
