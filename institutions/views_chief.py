"""Institutions and what qualifies them, in the hands of the reviewer in chief (2.2)."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from institutions.effects import Span, effects_of
from institutions.forms_chief import ClerkForm, GrantForm, InstitutionForm, StopForm
from institutions.models import Ground, Institution, Qualification
from institutions.selectors import clerks_of, institutions_known, qualifications_of
from institutions.services import (
    QualificationOverlapError,
    QualificationSpanError,
    clerk_open,
    institution_register,
    qualification_end,
    qualification_grant,
    qualification_suspend,
)
from portal import clock
from portal.accounts.roles import Permission
from portal.accounts.services import UsernameTakenError
from portal.events.services import Actor
from portal.forms import form_status
from portal.permissions import SignedInRequest, permission_required
from portal.step_up import step_up_required

ON_A_PAGE = 50
chief_page = permission_required(Permission.INSTITUTIONS_KEEP)


@chief_page
@require_GET
def institution_list(request: SignedInRequest) -> HttpResponse:
    words, today = request.GET.get("name", "").replace("\0", "")[:60], clock.today()
    page = Paginator(institutions_known(today, words=words), ON_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "chief/institutions.html", {"page": page, "words": words, "today": today})


@chief_page
@require_http_methods(["GET", "POST"])
def institution_new(request: SignedInRequest) -> HttpResponse:
    form = InstitutionForm(request.POST or None)
    if form.is_valid():
        said = form.cleaned_data
        institution = institution_register(
            code=said["code"], name=said["name"], contact=form.contact, by=Actor.of(request)
        )
        messages.success(request, _("Registered. Now enter on what ground and from when it is qualified."))
        return redirect("chief-institution", institution.pk)
    return render(request, "chief/institution_new.html", {"form": form}, status=form_status(form))


@chief_page
@require_http_methods(["GET", "POST"])
def institution_page(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show an institution, its qualifications and clerks; grant a qualification."""
    institution = get_object_or_404(Institution, pk=pk)
    form = GrantForm(request.POST or None)
    if form.is_valid() and _granted(request, institution, form):
        messages.success(request, _("Qualified. The public directory shows it from the first day on."))
        return redirect("chief-institution", institution.pk)
    context = {
        "institution": institution,
        "qualifications": qualifications_of(institution),
        "clerks": clerks_of(institution),
        "form": form,
        "today": clock.today(),
    }
    return render(request, "chief/institution.html", context, status=form_status(form))


def _granted(request: SignedInRequest, institution: Institution, form: GrantForm) -> bool:
    said = form.cleaned_data
    try:
        qualification_grant(
            institution=institution,
            ground=Ground(said["ground"]),
            valid_from=said["valid_from"],
            valid_until=said["valid_until"],
            reference=said["reference"],
            by=Actor.of(request),
        )
    except QualificationSpanError:
        form.add_error("valid_until", _("The last day lies before the first one."))
    except QualificationOverlapError as error:
        text = _("It is qualified already from %(first)s to %(last)s. End that first, or choose other days.")
        last = error.existing.valid_until or _("until further notice")
        form.add_error("valid_from", text % {"first": error.existing.valid_from, "last": last})
    else:
        return True
    return False


@chief_page
@require_http_methods(["GET", "POST"])
def qualification_stop(request: SignedInRequest, pk: int) -> HttpResponse:
    """End or suspend a qualification: first what it would touch, then, confirmed, the act."""
    qualification = get_object_or_404(Qualification.objects.select_related("institution"), pk=pk)
    form = StopForm(request.POST or None)
    context = {"qualification": qualification, "institution": qualification.institution, "form": form}
    if form.is_valid():
        if "confirmed" in request.POST and _stopped(request, qualification, form):
            messages.success(request, _("Done. The institution’s clerks have been told."))
            return redirect("chief-institution", qualification.institution_id)
        if not form.errors:
            said = form.cleaned_data
            span = Span(institution=qualification.institution, first=said["first"], last=said["last"])
            return render(request, "chief/qualification_effect.html", context | {"effects": effects_of(span)})
    return render(request, "chief/qualification_stop.html", context, status=form_status(form))


def _stopped(request: SignedInRequest, qualification: Qualification, form: StopForm) -> bool:
    said, by = form.cleaned_data, Actor.of(request)
    try:
        if said["way"] == StopForm.END:
            qualification_end(
                qualification=qualification, last_day=form.last_day_qualified, reason=said["reason"], by=by
            )
        else:
            qualification_suspend(
                qualification=qualification,
                first_day=said["first"],
                last_day=said["last"],
                reason=said["reason"],
                by=by,
            )
    except QualificationSpanError:
        form.add_error(
            "first", _("These days do not lie within the qualification. At least its first day stays.")
        )
        return False
    return True


@chief_page
@step_up_required
@require_http_methods(["GET", "POST"])
def clerk_new(request: SignedInRequest, pk: int) -> HttpResponse:
    """Open a clerk's account; a second person hands over the code with which its holder sets a password."""
    institution, form = get_object_or_404(Institution, pk=pk), ClerkForm(request.POST or None)
    if form.is_valid():
        said = form.cleaned_data
        try:
            user = clerk_open(
                institution=institution,
                username=said["username"],
                display_name=said["display_name"],
                by=Actor.of(request),
            )
        except UsernameTakenError:
            form.add_error("username", _("This user name is taken. Choose another one."))
        else:
            opened = {"account": user, "institution": institution}
            return render(request, "chief/staff_opened.html", opened)
    context = {"form": form, "institution": institution}
    return render(request, "chief/clerk_new.html", context, status=form_status(form))
