"""Pages of the institution's clerk, of the reviewer, and of the person whose hours they are."""

import contextlib
import io
import math
import uuid
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from education import selectors, services
from education.columns import COLUMNS
from education.forms import ReturnForm, UploadForm
from education.models import Batch, BatchRow, BatchState, RowProblem
from education.problem_texts import explain_problem
from education.services.uploading import CORRECTABLE
from education.submission import explain, submission_decision
from education.template_workbook import template_write
from education.workbook import NOT_READ, XLSX, workbook_response
from institutions.models import Institution
from institutions.selectors import institution_of, is_qualified
from portal import clock
from portal.accounts.models import Person, Role
from portal.events.services import Actor
from portal.forms import form_status
from portal.permissions import SignedInRequest, role_required
from portal.policy import current_pack
from portal.tables.messages import describe

ON_A_PAGE = 50
LEAST_SAMPLE, MOST_SAMPLE = 10, 100
REVIEWERS = (Role.REVIEWER, Role.CHIEF)


def _institution(request: SignedInRequest) -> Institution:
    institution = institution_of(request.user.pk)
    if institution is None:
        raise Http404
    return institution


def _own_batch(request: SignedInRequest, pk: uuid.UUID) -> Batch:
    batches = selectors.batches_of(_institution(request)).select_related("corrects", "correction")
    return get_object_or_404(batches, pk=pk)


# The institution's clerk


@role_required(Role.CLERK)
@require_GET
def institution_home(request: SignedInRequest) -> HttpResponse:
    institution, now = _institution(request), clock.now()
    batches = selectors.batches_of(institution)
    context = {
        "institution": institution,
        "quota": selectors.quota_of(institution, now),
        "qualified": is_qualified(institution, now.date(), now.date()),
        "figures": selectors.figures_of(institution),
        "batches": batches[:5],
    }
    return render(request, "institution/home.html", context)


@role_required(Role.CLERK)
@require_GET
def batch_list(request: SignedInRequest) -> HttpResponse:
    page = Paginator(selectors.batches_of(_institution(request)), ON_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "institution/batch_list.html", {"page": page})


@role_required(Role.CLERK)
@require_http_methods(["GET", "POST"])
def batch_upload(request: SignedInRequest) -> HttpResponse:
    """Take a file in; with ``?corrects=`` it takes the place of an earlier batch."""
    corrects = _corrected(request)
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        batch = _uploaded(request, form, corrects)
        if batch:
            return redirect("batch-detail", batch.pk)
    context = {
        "form": form,
        "corrects": corrects,
        "columns": COLUMNS,
        "most_rows": settings.BATCH_MAX_ROWS,
        "most_megabytes": settings.BATCH_MAX_BYTES >> 20,
    }
    return render(request, "institution/batch_upload.html", context, status=form_status(form))


def _corrected(request: SignedInRequest) -> Batch | None:
    wanted = request.GET.get("corrects")
    if not wanted:
        return None
    try:
        return _own_batch(request, uuid.UUID(wanted))
    except ValueError:
        raise Http404 from None


def _uploaded(request: SignedInRequest, form: UploadForm, corrects: Batch | None) -> Batch | None:
    file = form.cleaned_data["file"]
    try:
        return services.batch_upload(
            institution=_institution(request),
            file=file,
            filename=file.name,
            by=Actor.of(request),
            corrects=corrects,
        )
    except services.FileRefusedAtUploadError as refused:
        words = describe(refused.problem)
        form.add_error("file", f"{words.message} {words.fix}")
    except services.CannotCorrectError:
        form.add_error(None, _("That batch is on its way or decided, or has a correction already."))
    return None


@role_required(Role.CLERK)
@require_GET
def batch_template(request: SignedInRequest) -> FileResponse:
    institution, out = _institution(request), io.BytesIO()
    policy = current_pack().on(clock.today())
    template_write(out, institution=institution, policy=policy, most_rows=settings.BATCH_MAX_ROWS)
    out.seek(0)
    return FileResponse(out, as_attachment=True, filename="继续教育批次模板.xlsx", content_type=XLSX)


@role_required(Role.CLERK)
@require_GET
def batch_detail(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Show a batch: its progress while it is being checked, then what is wrong and what a submission would do."""
    batch, now = _own_batch(request, pk), clock.now()
    correction = getattr(batch, "correction", None)
    context = {
        "batch": batch,
        "working": batch.state in {BatchState.UPLOADED, BatchState.CHECKING},
        "remedies": _remedies(batch),
        "bad_rows": batch.rows_total - batch.rows_valid,
        "correction": correction,
        "can_correct": batch.state in CORRECTABLE and correction is None,
        "failure": explain_problem(batch.failure["code"], batch.failure["params"]) if batch.failure else None,
        **(_submission(batch, now) if batch.state == BatchState.CHECKED and correction is None else {}),
    }
    return render(request, "institution/batch_detail.html", context)


def _submission(batch: Batch, now: Any) -> dict[str, Any]:
    policy = current_pack().on(now.date())
    facts = selectors.submission_facts(batch, at=now)
    whole = submission_decision(facts, policy)
    partly = submission_decision(replace(facts, drop_bad_rows=True), policy)
    return {
        "decision": whole.as_dict(explain),
        "is_stale": facts.reported_meanwhile > 0,
        "can_submit": whole.eligible,
        "can_submit_good_rows": partly.eligible and not whole.eligible,
        "quota": selectors.quota_of(batch.institution, now),
    }


def _remedies(batch: Batch) -> list[dict[str, Any]]:
    return [
        {"remedy": remedy, **explain_problem(remedy.code, remedy.facts)._asdict()}
        for remedy in selectors.remedies_of(batch)
    ]


@role_required(Role.CLERK)
@require_GET
def batch_problems(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """List every problem in the order of the sheet, or those of one code."""
    batch = _own_batch(request, pk)
    problems = selectors.problems_of(batch)
    if code := request.GET.get("code"):
        problems = problems.filter(code=code)
    page = Paginator(problems, ON_A_PAGE).get_page(request.GET.get("page"))
    names = selectors.names_in_rows(batch, [problem.row for problem in page if problem.row])
    found = [
        {"problem": p, "name": names.get(p.row or 0, ""), **explain_problem(p.code, p.facts)._asdict()}
        for p in page
    ]
    return render(
        request,
        "institution/batch_problems.html",
        {"batch": batch, "page": page, "found": found, "code": code},
    )


@role_required(Role.CLERK)
@require_POST
def batch_submit(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    batch = _own_batch(request, pk)
    try:
        services.batch_submit(batch=batch, by=Actor.of(request), drop_bad_rows="good_rows" in request.POST)
    except services.SubmissionRefusedError as refused:
        messages.error(request, " ".join(explain(check) for check in refused.decision.unmet))
    else:
        messages.success(request, _("The batch is submitted. The receipt below proves it."))
    return redirect("batch-detail", pk)


@role_required(Role.CLERK)
@require_POST
def batch_recheck(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Check again; a batch that is being checked already, or has gone on, is shown as it is."""
    with contextlib.suppress(services.BatchStateError):
        services.batch_recheck(batch=_own_batch(request, pk), by=Actor.of(request))
    return redirect("batch-detail", pk)


@role_required(Role.CLERK)
@require_GET
def batch_receipt(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    batch = _own_batch(request, pk)
    if not batch.receipt:
        raise Http404
    disposition = content_disposition_header(as_attachment=True, filename=f"receipt-{batch.pk}.jws")
    return HttpResponse(
        batch.receipt, content_type="application/jose", headers={"Content-Disposition": disposition}
    )


@role_required(Role.CLERK)
@require_GET
def batch_workbook(request: SignedInRequest, pk: uuid.UUID) -> FileResponse:
    """Give the table back with every problem in its cell."""
    batch = _own_batch(request, pk)
    if batch.state in NOT_READ:
        raise Http404
    return workbook_response(batch)


# The reviewer


@role_required(*REVIEWERS)
@require_GET
def review_batches(request: SignedInRequest) -> HttpResponse:
    decided = request.GET.get("state") == "decided"
    waiting = selectors.batches_in_review()
    page = Paginator(selectors.batches_decided() if decided else waiting, ON_A_PAGE).get_page(
        request.GET.get("page")
    )
    context = {
        "found": page,
        "tab": "decided" if decided else "waiting",
        "waiting": waiting.count(),
        "now": clock.now(),
        "target_days": current_pack().on(clock.today()).service_targets.batch_review_days,
    }
    return render(request, "review/batch_list.html", context)


@role_required(*REVIEWERS)
@require_GET
def review_batch(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    return _review_page(request, pk, ReturnForm())


def _review_page(request: SignedInRequest, pk: uuid.UUID, form: ReturnForm) -> HttpResponse:
    batch = get_object_or_404(
        selectors.batches_visible_to(request.user).select_related("corrects", "submitted_by", "decided_by"),
        pk=pk,
    )
    review = current_pack().on(clock.today()).review
    wanted = math.ceil(batch.rows_total * review.sample_percent / 100)
    context = {
        "batch": batch,
        "form": form,
        "rows": batch.rows_total - batch.rows_dropped,
        "summary": selectors.summary_of(batch),
        "flags": _flags(batch, review.large_batch_rows),
        "remedies": _remedies(batch),
        "sample": _with_problems(
            batch, selectors.sample_rows(batch, min(MOST_SAMPLE, max(LEAST_SAMPLE, wanted)))
        ),
        "waiting": batch.state == BatchState.SUBMITTED,
        "earlier": selectors.batches_of(batch.institution)
        .exclude(pk=batch.pk)
        .filter(submitted_at__isnull=False)[:5],
    }
    return render(request, "review/batch.html", context, status=form_status(form))


def _flags(batch: Batch, large: int) -> list[str]:
    """Say what is unusual about the batch as a whole."""
    rows, marks = batch.rows_total - batch.rows_dropped, selectors.distinct_marks(batch)
    flags = {
        _("More than %(rows)s people") % {"rows": large}: rows > large,
        _("Everybody has the same mark"): rows >= LEAST_SAMPLE and marks == 1,
        _("It corrects a batch that was returned"): batch.corrects is not None,
        ngettext(
            "%(rows)s bad row was left out by the institution",
            "%(rows)s bad rows were left out by the institution",
            batch.rows_dropped,
        )
        % {"rows": batch.rows_dropped}: batch.rows_dropped > 0,
    }
    return [text for text, applies in flags.items() if applies]


def _with_problems(batch: Batch, rows: list[BatchRow]) -> list[dict[str, Any]]:
    problems: dict[int | None, list[str]] = {}
    for problem in RowProblem.objects.filter(batch=batch, row__in=[row.number for row in rows]).order_by(
        "pk"
    ):
        problems.setdefault(problem.row, []).append(explain_problem(problem.code, problem.facts).message)
    return [{"row": row, "problems": problems.get(row.number, [])} for row in rows]


@role_required(*REVIEWERS)
@require_POST
def review_batch_approve(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    batch = get_object_or_404(selectors.batches_visible_to(request.user), pk=pk)
    return _decided(request, batch, lambda: services.batch_approve(batch=batch, by=Actor.of(request)))


@role_required(*REVIEWERS)
@require_POST
def review_batch_return(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    batch = get_object_or_404(selectors.batches_visible_to(request.user), pk=pk)
    form = ReturnForm(request.POST)
    if not form.is_valid():
        return _review_page(request, pk, form)
    reason = form.cleaned_data["reason"]
    return _decided(
        request, batch, lambda: services.batch_return(batch=batch, reason=reason, by=Actor.of(request))
    )


def _decided(request: SignedInRequest, batch: Batch, decide: Any) -> HttpResponse:
    try:
        done = decide()
    except services.BatchStateError as late:
        text = _("Nothing was changed: a colleague was first, the batch is now “%(state)s”.")
        messages.error(request, text % {"state": late.state.label})
        return redirect("review-batch", batch.pk)
    except services.NotAReviewerError:
        messages.error(
            request, _("Nobody decides a batch of their own or of an institution that they belong to.")
        )
        return redirect("review-batch", batch.pk)
    except services.HoursAlreadyCreditedError as doubled:
        text = _(
            "Nothing was changed: rows %(rows)s were credited by another batch in the meantime. Return this one."
        )
        messages.error(request, text % {"rows": ", ".join(map(str, doubled.rows))})
        return redirect("review-batch", batch.pk)
    told = {"institution": batch.institution.name, "state": done.get_state_display()}
    messages.success(request, _("%(institution)s: %(state)s.") % told)
    return redirect("review-batches")


# The person whose hours they are


def education_context(person: Person) -> dict[str, Any]:
    """Return the hours of a person by year and post, each course, and what still waits for its review.

    Who knows certificates shows them, beside where each certificate stands.
    """
    education = current_pack().on(clock.today()).education
    return {
        "years": selectors.hours_by_year(person),
        "records": selectors.records_of(person),
        "reported": selectors.reported_rows(person),
        "annual": education.annual_hours,
        "annual_professional": education.annual_professional_hours,
        "two_years": education.two_year_hours,
    }
