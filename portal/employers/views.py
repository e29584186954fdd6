"""Registering as an employer and inviting (employers); being invited and deciding (workers)."""

import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal import clock
from portal.accounts.entering import enter
from portal.accounts.factors import Means
from portal.accounts.models import Person, User
from portal.accounts.roles import Permission
from portal.accounts.services import UsernameTakenError
from portal.accounts.views_privacy import agreement_shown
from portal.employers.forms import EmployerForm, InviteForm
from portal.employers.models import Employer, Invitation
from portal.employers.selectors import consent_text, employer_of, invitations_of, invitations_to
from portal.employers.services import (
    ConsentChangedError,
    InvitationStateError,
    consent_give,
    consent_withdraw,
    employer_register,
    invitation_cancel,
    invitation_decline,
    workers_invite,
)
from portal.events.services import Actor
from portal.forms import TOO_MANY, form_status
from portal.limits import Limit, origin
from portal.permissions import SignedInRequest, permission_required

ON_A_PAGE = 50
REGISTRATIONS = Limit("employer-register", "10/hour")
INVITATIONS = Limit("employer-invite", "30/hour")
ANSWERS = {"consent", "decline", "withdraw"}

employer_page = permission_required(Permission.WORKERS_FOLLOW)


def own_employer(request: SignedInRequest) -> Employer:
    """Return the employer behind the account; without one there is no such page."""
    employer = employer_of(request.user)
    if employer is None:
        raise Http404
    return employer


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def register_page(request: HttpRequest) -> HttpResponse:
    if isinstance(request.user, User):
        return redirect("home")
    form = EmployerForm(request.POST or None)
    if form.is_valid() and (employer := _registered(request, form)):
        enter(request, employer.user, means=Means.PASSWORD)
        messages.success(request, _("The account is open. Invite your workers; you see those who consent."))
        return redirect("employer-workers")
    return render(request, "employer/register.html", {"form": form}, status=form_status(form))


def _registered(request: HttpRequest, form: EmployerForm) -> Employer | None:
    """Return the new employer, or None and the reason in the form."""
    if not REGISTRATIONS.take(origin(request)):
        text = _("Too many registrations came from your network. Wait an hour, or use another network.")
        form.add_error(None, ValidationError(text, code=TOO_MANY))
        return None
    said = form.cleaned_data
    try:
        return employer_register(
            company=form.company, username=said["username"], password=said["password"], by=Actor.of(request)
        )
    except UsernameTakenError:
        form.add_error("username", _("This user name is taken. Choose another one."))
        return None


@employer_page
@require_http_methods(["GET", "POST"])
def workers_page(request: SignedInRequest) -> HttpResponse:
    """List whom the employer invited; invite more."""
    employer = own_employer(request)
    form = InviteForm(request.POST or None)
    if form.is_valid() and _invited(request, employer, form):
        return redirect("employer-workers")
    page = Paginator(invitations_of(employer), ON_A_PAGE).get_page(request.GET.get("page"))
    version = consent_text(clock.today()).version
    context = {"employer": employer, "form": form, "page": page, "version": version}
    return render(request, "employer/workers.html", context, status=form_status(form))


def _invited(request: SignedInRequest, employer: Employer, form: InviteForm) -> bool:
    if not INVITATIONS.take(str(employer.pk)):
        form.add_error(None, ValidationError(_("Too many invitations. Go on in an hour."), code=TOO_MANY))
        return False
    workers_invite(employer=employer, people=form.cleaned_data["people"], by=Actor.of(request))
    messages.success(
        request,
        _(
            "Invited. Each of them finds the invitation after signing in; a worker who has not registered yet, as soon as they have."
        ),
    )
    return True


@employer_page
@require_POST
def invitation_cancel_page(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    invitation = get_object_or_404(invitations_of(own_employer(request)), pk=pk)
    invitation_cancel(invitation=invitation, by=Actor.of(request))
    messages.success(request, _("The invitation is taken back. What the worker let you see is closed."))
    return redirect("employer-workers")


def _own_person(request: SignedInRequest) -> Person:
    if request.user.person is None:
        raise Http404
    return request.user.person


@permission_required(Permission.CONSENT_GIVE)
@require_GET
def my_employers(request: SignedInRequest) -> HttpResponse:
    text = consent_text(clock.today())
    found = [(each, each.waits_for_answer(text.version)) for each in invitations_to(_own_person(request))]
    return render(request, "worker/employers.html", {"invitations": found, "consent": agreement_shown(text)})


@permission_required(Permission.CONSENT_GIVE)
@require_POST
def invitation_answer(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Consent, decline or withdraw: the worker's own invitation, anybody else's does not exist."""
    person = _own_person(request)
    invitation = next((each for each in invitations_to(person) if each.pk == pk), None)
    answer = request.POST.get("answer", "")
    if invitation is None or answer not in ANSWERS:
        raise Http404
    try:
        _answer(request, invitation, person)
    except ConsentChangedError:
        messages.warning(request, _("What a consent covers has changed. Read it again; nothing was done."))
    except InvitationStateError:
        messages.warning(
            request, _("The invitation has changed meanwhile; see below how it stands. Nothing was done.")
        )
    else:
        messages.success(request, _answered(invitation, answer))
    return redirect("my-employers")


def _answer(request: SignedInRequest, invitation: Invitation, person: Person) -> None:
    said, by = request.POST, Actor.of(request)
    if said["answer"] == "consent":
        consent_give(invitation=invitation, person=person, version=said.get("version", ""), by=by)
    elif said["answer"] == "decline":
        invitation_decline(invitation=invitation, person=person, by=by)
    else:
        consent_withdraw(invitation=invitation, person=person, by=by)


def _answered(invitation: Invitation, answer: str) -> str:
    texts = {
        "consent": _("%(employer)s now sees your certificates and your hours still missing."),
        "decline": _("Declined. %(employer)s sees nothing of you and is not told."),
        "withdraw": _("Withdrawn. %(employer)s no longer sees anything of you."),
    }
    return texts[answer] % {"employer": invitation.employer.name}
