"""A reviewer's view of one electronic certificate: all that happened to it, and what may be done with it."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from certificates.checks.selectors import checks_recently
from certificates.forms import SearchForm
from certificates.lifecycle.forms import MeasureForm, RefusalForm, measure_form
from certificates.lifecycle.models import TAKES_RIGHTS, Measure, MeasureKind, MeasureReason
from certificates.lifecycle.selectors import (
    certificate_whole,
    certificates_found,
    documents_with_stand_ins,
    events_of,
    leaves_of,
    measures,
    measures_decided,
    measures_waiting,
)
from certificates.models import CertificateState, ElectronicCertificate
from certificates.numbers import grouped
from certificates.presentation import post_label
from certificates.presentation_voiding import Moment, named_for_office
from certificates.proposals import proposals, proposals_second
from certificates.services import lifecycle
from certificates.services.refusals import StateConflictError
from certificates.services.two_people import SamePersonError
from certificates.views.review import PER_PAGE, looker_page, page, reviewer_page
from portal import clock
from portal.accounts.roles import Permission, may
from portal.events.models import Event
from portal.events.services import Actor
from portal.events.verbs import verb_text
from portal.forms import form_status
from portal.looks import look_note
from portal.permissions import SignedInRequest
from portal.step_up import step_up_to_post

TABS = {"waiting": measures_waiting, "decided": measures_decided}


@reviewer_page
@page
def certificate_list(request: SignedInRequest) -> HttpResponse:
    """What waits for a second person, what was decided; a search finds any certificate."""
    form = SearchForm(request.POST or None)
    searched = request.method == "POST" and form.is_valid()
    tab = request.GET.get("state", "waiting")
    tab = tab if tab in TABS else "waiting"
    work: Any = certificates_found(form.cleaned_data["text"]) if searched else TABS[tab]()
    context = {
        "search": form,
        "searched": searched,
        "tab": tab,
        "found": Paginator(work, PER_PAGE).get_page(1 if searched else request.GET.get("page")),
        "waiting": measures_waiting().count(),
        "voidings": proposals_second().count(),
        "stand_ins": documents_with_stand_ins()[:PER_PAGE],
    }
    return render(request, "review/certificate_list.html", context, status=form_status(form))


@looker_page
@step_up_to_post
@page
def certificate_detail(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """One certificate. POST ``act``: suspend, revoke, lift or correct; approve or refuse the ``measure`` that was shown."""
    certificate = get_object_or_404(certificate_whole(), pk=pk)
    look_note(request, certificate.person)
    act = request.POST.get("act", "")
    forms = {
        kind: measure_form(kind, request.POST if act == kind else None) for kind in possible(certificate)
    }
    refusal = RefusalForm(request.POST if act == "refuse" else None)
    fillable: dict[str, MeasureForm | RefusalForm] = {kind.value: form for kind, form in forms.items()}
    filled = (fillable | {"refuse": refusal}).get(act)
    if request.method == "POST" and (filled is None or filled.is_valid()):
        shown = request.POST.get("measure", "")
        return _acted(request, certificate, lambda by: _do(certificate, act, filled, shown, by))
    may_decide = may(request.user, Permission.CERTIFICATE_DECIDE)
    context = _shown(request, certificate) | {
        "may_decide": may_decide,
        "forms": list(forms.values()) if may_decide else [],
        "refusal": refusal,
    }
    return render(request, "review/certificate.html", context, status=form_status(filled) if filled else 200)


def possible(certificate: ElectronicCertificate) -> list[MeasureKind]:
    """Return what may be done with the certificate in its present state."""
    waits = certificate.measures.filter(state=Measure.State.OPEN).exists()
    state = CertificateState(certificate.state)
    return [
        kind
        for kind, states in lifecycle.POSSIBLE_IN.items()
        if state in states and not (waits and kind in TAKES_RIGHTS)
    ]


def _do(
    certificate: ElectronicCertificate,
    act: str,
    form: MeasureForm | RefusalForm | None,
    shown: str,
    by: Actor,
) -> None:
    if isinstance(form, MeasureForm):
        _take(certificate, form, by)
        return
    measure = certificate.measures.filter(state=Measure.State.OPEN).first()
    # What waits now may be another measure than the one that was on the page.
    if act not in {"approve", "refuse"} or measure is None or str(measure.pk) != shown:
        raise StateConflictError(certificate.state)
    refusal = form.cleaned_data["refusal"] if form else ""
    lifecycle.measure_decide(measure=measure, approved=act == "approve", refusal=refusal, by=by)


def _take(certificate: ElectronicCertificate, form: MeasureForm, by: Actor) -> None:
    if form.kind in TAKES_RIGHTS:
        lifecycle.measure_ask(certificate=certificate, kind=form.kind, by=by, **form.given)
    elif form.kind is MeasureKind.LIFT:
        lifecycle.suspension_lift(certificate=certificate, by=by, **form.given)
    else:
        lifecycle.certificate_correct(certificate=certificate, by=by, **form.given)


def _acted(
    request: SignedInRequest, certificate: ElectronicCertificate, act: Callable[[Actor], None]
) -> HttpResponse:
    try:
        act(Actor.of(request))
    except StateConflictError:
        messages.error(request, _("Nothing was done: the state has changed meanwhile. See the history."))
    except lifecycle.MeasureWaitingError:
        messages.error(request, _("Nothing was done: another measure waits for its second person."))
    except lifecycle.NothingToCorrectError:
        messages.error(request, _("Nothing was done: the certificate says this already."))
    except SamePersonError:
        messages.error(request, _("You asked for this yourself; another reviewer has to decide it."))
    else:
        messages.success(request, _("Done. See the history."))
    return redirect("review-certificate", certificate.pk)


def _shown(request: SignedInRequest, certificate: ElectronicCertificate) -> dict[str, Any]:
    waiting = measures().filter(certificate=certificate, state=Measure.State.OPEN).first()
    return {
        "certificate": certificate,
        "number": grouped(certificate.number),
        "post": post_label(certificate),
        "versions": certificate.versions.order_by("-version"),
        "waiting": waiting,
        "asked_by_me": waiting is not None and waiting.asked_by_id == request.user.pk,
        "proposals": proposals().filter(certificate=certificate),
        "leaves": leaves_of(certificate),
        "stand_in": documents_with_stand_ins().filter(certificate=certificate).first(),
        "checks": checks_recently(certificate.pk, today=clock.today()),
        "view": {"history": list(_history(certificate))},
    }


def _history(certificate: ElectronicCertificate) -> Iterator[Moment]:
    events = list(events_of(certificate))
    name_of = named_for_office(events)
    for event in events:
        yield Moment(title=str(verb_text(event.verb)), at=event.at, by=name_of(event), text=_told(event))


def _told(event: Event) -> str:
    """Return what an event says in words, beside its title."""
    data, parts = event.data, []
    if data.get("why") in MeasureReason.values:
        parts.append(str(MeasureReason(data["why"]).label))
    parts += [
        str(data[key]) for key in ("finding", "text", "reason", "refusal", "asked_because") if data.get(key)
    ]
    if "version" in data:
        parts.append(_("Version %(version)s") % {"version": data["version"]})
    return "\n".join(parts)
