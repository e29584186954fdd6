"""Showing staff a whole ID number: with a reason, once, and on record for the person concerned."""

import uuid

from django import forms
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from portal import clock
from portal.accounts.events import Verb
from portal.accounts.models import Person
from portal.accounts.roles import Permission
from portal.events.services import Actor, event_record
from portal.forms import Form, LineField
from portal.limits import Limit, too_many
from portal.permissions import SignedInRequest, permission_required
from portal.step_up import step_up_required

REVEALS = Limit("identity-reveal", "60/hour")
"""For one account: enough for a day at the desk, too few to copy a registry."""


class RevealForm(Form):
    reason = LineField(
        label=_("Why do you need the whole number?"),
        help_text=_("The person sees that it was shown, when, and this reason."),
        max_length=200,
        error_messages={"required": _("Write why you need the whole number.")},
    )

    def clean_reason(self) -> str:
        reason: str = self.cleaned_data["reason"]
        if len(reason) < 4:
            raise forms.ValidationError(_("Write the reason in a few words."))
        return reason


def identity_reveal(*, person: Person, reason: str, by: Actor) -> str:
    """Return the whole ID number of ``person``, with the event that says who saw it and why."""
    with transaction.atomic():
        event_record(
            Verb.IDENTITY_REVEALED, at=clock.now(), by=by, subject=person, person_id=person.pk, reason=reason
        )
    return str(person.id_number)


@permission_required(Permission.IDENTITY_REVEAL)
@step_up_required
@require_POST
def reveal_page(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Answer with the number in this one page, which nothing may store; a reload asks anew and is recorded anew."""
    person, form = get_object_or_404(Person, pk=pk), RevealForm(request.POST)
    context = {"person": person, "form": form}
    if not form.is_valid():
        return render(request, "review/reveal.html", context, status=422)
    if not REVEALS.take(str(request.user.pk)):
        return too_many(request, REVEALS)
    number = identity_reveal(person=person, reason=form.cleaned_data["reason"], by=Actor.of(request))
    return render(request, "review/reveal.html", context | {"number": number})
