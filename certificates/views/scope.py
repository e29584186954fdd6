"""“Can I exchange?” for anyone: what kind, from when, for which post, and the checks that this already decides (1.1, 1.2).

Asked by GET, answered from the rules alone: nothing is looked up and nothing is kept.
"""

from datetime import date
from typing import Any, cast

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_safe

from certificates.messages import explain
from certificates.models import Kind
from certificates.rules import CertificateFacts, CertificateKind, decide_scope
from certificates.selectors import policy_on
from portal import clock
from portal.forms import Form, form_status
from portal.policy import Policy, day_of
from portal.templatetags.portal import post_name

OTHER = "other"
FIRST_YEAR = 1980


def _posts() -> list[tuple[str, object]]:
    posts = policy_on(clock.now()).exchange.posts
    listed = [(post.code, f"{post.code} {post_name(post.code)}") for post in posts]
    return [("", _("Choose the post")), *listed, (OTHER, _("Another post"))]


class ScopeForm(Form):
    kind = forms.ChoiceField(
        label=_("What stands at the top of your certificate?"), choices=Kind.choices, widget=forms.RadioSelect
    )
    issuer = forms.ChoiceField(label=_("Who issued it?"), widget=forms.RadioSelect)
    year = forms.IntegerField(
        label=_("In which year was it issued?"),
        help_text=_("The year of the issue date, such as 2016."),
        min_value=FIRST_YEAR,
        widget=forms.TextInput(
            {"class": "govuk-input--width-5 app-number", "inputmode": "numeric", "autocomplete": "off"}
        ),
    )
    post = forms.ChoiceField(label=_("For which post?"), choices=_posts)

    def __init__(self, *args: Any, policy: Policy, language: str, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        office = policy.exchange.issuer
        self.fields["issuer"].choices = [  # type: ignore[attr-defined]
            (office.code, office.in_language(language)),
            (OTHER, pgettext_lazy("issuer", "Somebody else")),
        ]
        self.last_year = today.year

    def clean_year(self) -> int:
        year: int = self.cleaned_data["year"]
        if year > self.last_year:
            raise forms.ValidationError(
                _("Enter a year up to %(year)s."), params={"year": str(self.last_year)}
            )
        return year

    @property
    def facts(self) -> CertificateFacts:
        """A certificate such as was described, otherwise as good as can be."""
        said = self.cleaned_data
        return CertificateFacts(
            kind=cast("CertificateKind", said["kind"]),
            issuer=said["issuer"],
            post_code=said["post"],
            issued_on=date(said["year"], 1, 1),
            status="active",
            in_national_system=True,
            archive_check=None,
        )


@require_safe
def can_exchange(request: HttpRequest) -> HttpResponse:
    at = clock.now()
    policy = policy_on(at)
    form = ScopeForm(
        request.GET if "kind" in request.GET or "year" in request.GET else None,
        policy=policy,
        language=request.LANGUAGE_CODE,
        today=day_of(at),
    )
    context: dict[str, Any] = {"form": form, "policy": policy}
    if form.is_bound and form.is_valid():
        decision = decide_scope(form.facts, policy, on=at)
        context |= {
            "decision": decision.as_dict(explain),
            "eligible": decision.eligible,
            "officer": form.cleaned_data["kind"] == Kind.SAFETY_OFFICER,
            "archive_open": (deadline := policy.exchange.archive_check_deadline) and day_of(at) <= deadline,
        }
    return render(request, "public/can_exchange.html", context, status=form_status(form))
