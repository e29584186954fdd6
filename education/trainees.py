"""Whom an institution has taught, for its clerks: masked, with the hours that were approved (2.2)."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.contrib.postgres.aggregates import BoolOr
from django.core.paginator import Paginator
from django.db.models import Max, QuerySet, Sum
from django.db.models.functions import ExtractYear
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from education.models import CERecord
from institutions.models import Institution, Qualification
from institutions.selectors import institution_of, qualifications_of
from portal import clock
from portal.accounts.models import Person
from portal.accounts.roles import Permission, Reach
from portal.forms import Form
from portal.permissions import SignedInRequest, permission_required
from portal.policy import current_pack

ON_A_PAGE = 50


class TraineeForm(Form):
    """Filters by year; a value that is none of the years filters nothing."""

    year = forms.ChoiceField(label=_("Year"), required=False)

    def __init__(self, *args: Any, years: list[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        listed = [(str(year), str(year)) for year in years]
        self.fields["year"].choices = [("", _("All years")), *listed]  # type: ignore[attr-defined]


def years_taught(institution: Institution) -> list[int]:
    """Return the years in which courses of the institution ended, the latest first."""
    years = CERecord.objects.filter(institution=institution, in_force=True).annotate(
        y=ExtractYear("ended_on")
    )
    return sorted(set(years.values_list("y", flat=True)), reverse=True)


def hours_taught(institution: Institution, *, year: int | None = None) -> "QuerySet[Any, Any]":
    """Return sums by person, post and year of what the institution taught, the latest course first."""
    found = CERecord.objects.filter(institution=institution, in_force=True)
    if year:
        found = found.filter(ended_on__year=year)
    return (
        found.annotate(year=ExtractYear("ended_on"))
        .values("person_id", "post_code", "year")
        .annotate(
            hours=Sum("hours"),
            professional=Sum("professional_hours"),
            last=Max("ended_on"),
            passed=BoolOr("passed"),
        )
        .order_by("-last", "person_id", "post_code")
    )


@dataclass(frozen=True, kw_only=True)
class QualificationNow:
    """What qualifies an institution today, or did last; ``days_left`` where an end is set."""

    qualification: Qualification | None
    in_force: bool
    days_left: int | None


def qualification_now(institution: Institution, day: date) -> QualificationNow:
    known = list(qualifications_of(institution))
    now = next(
        (q for q in known if q.valid_from <= day and (q.valid_until is None or q.valid_until >= day)), None
    )
    left = (now.valid_until - day).days if now and now.valid_until else None
    return QualificationNow(
        qualification=now or next(iter(known), None), in_force=now is not None, days_left=left
    )


@permission_required(Permission.BATCH_READ, reach=Reach.INSTITUTION)
@require_safe
def trainees(request: SignedInRequest) -> HttpResponse:
    institution = institution_of(request.user.pk)
    if institution is None:
        raise Http404
    form = TraineeForm(request.GET, years=years_taught(institution))
    form.is_valid()
    year = form.cleaned_data.get("year", "")
    page = Paginator(hours_taught(institution, year=int(year) if year else None), ON_A_PAGE).get_page(
        request.GET.get("page")
    )
    people = Person.objects.in_bulk({row["person_id"] for row in page})
    rules = current_pack().on(clock.today()).education
    context = {
        "institution": institution,
        "form": form,
        "page": page,
        "rows": [{**row, "person": people[row["person_id"]]} for row in page],
        "annual": rules.annual_hours,
        "annual_professional": rules.annual_professional_hours,
    }
    return render(request, "institution/trainees.html", context)
