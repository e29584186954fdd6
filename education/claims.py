"""A person says "I took this course" before any batch names it; what no batch confirms in time is seen by those concerned."""

import uuid
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from education.events import Verb
from education.models import BatchRow, BatchState, CERecord, Claim
from education.national.outbox import HalfMonth
from institutions.models import Institution
from portal import clock
from portal.accounts.models import Person
from portal.accounts.roles import Permission
from portal.events.services import Actor, event_record
from portal.forms import DayField, Form, form_status
from portal.permissions import SignedInRequest, permission_required
from portal.policy import Policy, current_pack


class AlreadyClaimedError(Exception):
    """The person has claimed this course already."""


@transaction.atomic
def claim_make(
    *, person: Person, institution: Institution, post_code: str, course: str, ended_on: date, by: Actor
) -> Claim:
    """Keep a claim; a batch should name the course by the end of the half-month. Raises `AlreadyClaimedError`."""
    at = clock.now()
    due_on = HalfMonth.of(max(ended_on, clock.today())).last
    claim, is_new = Claim.objects.get_or_create(
        person=person,
        institution=institution,
        post_code=post_code,
        ended_on=ended_on,
        withdrawn_at=None,
        defaults={"course": course, "due_on": due_on, "claimed_at": at},
    )
    if not is_new:
        raise AlreadyClaimedError
    event_record(Verb.CLAIMED, at=at, by=by, subject=claim, person_id=person.pk, institution=institution.code)
    return claim


@transaction.atomic
def claim_withdraw(*, claim: Claim, by: Actor) -> Claim:
    """Take a claim back; a second time does nothing."""
    claim = Claim.objects.select_for_update().get(pk=claim.pk)
    if claim.withdrawn_at is None:
        claim.withdrawn_at = clock.now()
        claim.save(update_fields=["withdrawn_at"])
        event_record(
            Verb.CLAIM_WITHDRAWN, at=claim.withdrawn_at, by=by, subject=claim, person_id=claim.person_id
        )
    return claim


def claims() -> QuerySet[Claim]:
    """Return the claims that stand, each with `confirmed`: a submitted or approved batch of theirs names the course."""
    standing = Claim.objects.filter(withdrawn_at__isnull=True).annotate(confirmed=Exists(_naming_rows()))
    return standing.select_related("person", "institution").order_by("due_on", "pk")


def claims_unconfirmed(institution: Institution) -> QuerySet[Claim]:
    """Return the claims about an institution that no batch has confirmed by the end of their half-month."""
    return claims().filter(~Exists(_naming_rows()), institution=institution, due_on__lt=clock.today())


def _naming_rows() -> QuerySet[BatchRow]:
    taken_back = CERecord.objects.filter(
        batch=OuterRef("batch"), row_number=OuterRef("number"), reversal__isnull=False
    )
    return BatchRow.objects.filter(
        ~Exists(taken_back),
        id_number_hash=OuterRef("person__id_number_hash"),
        post_code=OuterRef("post_code"),
        ended_on=OuterRef("ended_on"),
        batch__institution=OuterRef("institution"),
        batch__state__in=[BatchState.SUBMITTED, BatchState.APPROVED],
        dropped=False,
        refusal="",
    )


class ClaimForm(Form):
    institution = forms.ModelChoiceField(
        label=gettext_lazy("Who taught the course"),
        queryset=Institution.objects.order_by("name"),
        empty_label=gettext_lazy("Choose the institution"),
    )
    post_code = forms.ChoiceField(label=gettext_lazy("Post"))
    course = forms.CharField(label=gettext_lazy("Name of the course"), max_length=200)
    ended_on = DayField(label=gettext_lazy("Last day of the course"))

    def __init__(self, *args: Any, policy: Policy, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        posts = (*policy.exchange.posts, *policy.batches.safety_officer_posts)
        language = get_language() or ""
        named = [(post.code, f"{post.code} {post.in_language(language)}") for post in posts]
        self.fields["post_code"].choices = named  # type: ignore[attr-defined]

    def clean_ended_on(self) -> date:
        day: date = self.cleaned_data["ended_on"]
        if day > clock.today():
            raise ValidationError(_("The course has not ended yet."))
        return day


@permission_required(Permission.CERTIFICATE_HOLD)
@require_http_methods(["GET", "POST"])
def my_claims(request: SignedInRequest) -> HttpResponse:
    """List a person's claims and take a new one, or take one back."""
    person = request.user.person
    if not isinstance(person, Person):
        raise Http404
    if "withdraw" in request.POST:
        claim_withdraw(claim=_own(request, person), by=Actor.of(request))
        return redirect("my-claims")
    form = ClaimForm(request.POST or None, policy=current_pack().on(clock.today()))
    if form.is_valid():
        try:
            claim_make(person=person, by=Actor.of(request), **form.cleaned_data)
        except AlreadyClaimedError:
            form.add_error(None, _("You have said so already; it stands below."))
        else:
            messages.success(
                request,
                _("It is kept. The institution should report the course by the end of the half-month."),
            )
            return redirect("my-claims")
    context = {"form": form, "claims": claims().filter(person=person), "today": clock.today()}
    return render(request, "worker/claims.html", context, status=form_status(form))


def _own(request: SignedInRequest, person: Person) -> Claim:
    try:
        return get_object_or_404(Claim, pk=uuid.UUID(request.POST["withdraw"]), person=person)
    except ValueError:
        raise Http404 from None
