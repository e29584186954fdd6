"""Pages of the institution's clerk, and of the person whose hours they are."""

import contextlib
import uuid
from dataclasses import replace
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from education import selectors, services
from education.claims import claims_unconfirmed
from education.columns import COLUMNS
from education.forecast import forecasts_of
from education.forms import UploadForm
from education.models import Batch, BatchState
from education.problem_texts import explain_problem
from education.progress import Progress, progress_of
from education.reasons import reasons_until
from education.services.uploading import CORRECTABLE
from education.submission import explain, submission_decision
from education.template_workbook import template_write
from education.trainees import qualification_now
from education.workbook import NOT_READ, WORKBOOK, batch_workbook_response
from institutions.models import Institution
from institutions.selectors import institution_of
from portal import clock
from portal.accounts.models import Person
from portal.accounts.roles import Permission, Reach
from portal.downloads.services import AT_ONCE_ROWS, download_ask
from portal.events.services import Actor
from portal.exports import workbook_response
from portal.forms import form_status
from portal.permissions import SignedInRequest, permission_required
from portal.policy import current_pack
from portal.step_up import step_up_required
from portal.tables.messages import describe

ON_A_PAGE = 50


def _institution(request: SignedInRequest) -> Institution:
    institution = institution_of(request.user.pk)
    if institution is None:
        raise Http404
    return institution


def _own_batch(request: SignedInRequest, pk: uuid.UUID) -> Batch:
    batches = selectors.batches_of(_institution(request)).select_related("corrects", "correction")
    return get_object_or_404(batches, pk=pk)


# The institution's clerk


@permission_required(Permission.BATCH_READ, reach=Reach.INSTITUTION)
@require_GET
def institution_home(request: SignedInRequest) -> HttpResponse:
    institution, now = _institution(request), clock.now()
    batches = selectors.batches_of(institution)
    context = {
        "institution": institution,
        "quota": selectors.quota_of(institution, now),
        "qualified": qualification_now(institution, now.date()),
        "figures": selectors.figures_of(institution),
        "unconfirmed": claims_unconfirmed(institution)[:ON_A_PAGE],
        "batches": batches[:5],
        "reasons": reasons_until(now.date(), institution=institution),
    }
    return render(request, "institution/home.html", context)


@permission_required(Permission.BATCH_READ, reach=Reach.INSTITUTION)
@require_GET
def batch_list(request: SignedInRequest) -> HttpResponse:
    page = Paginator(selectors.batches_of(_institution(request)), ON_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "institution/batch_list.html", {"page": page})


@permission_required(Permission.BATCH_BRING)
@require_http_methods(["GET", "POST"])
def batch_upload(request: SignedInRequest) -> HttpResponse:
    """Take a file in; with ``?corrects=`` it takes the place of an earlier batch."""
    corrects = _corrected(request)
    form = UploadForm(request.POST or None, request.FILES or None, corrects=corrects)
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
            merges=form.cleaned_data.get("merges") == "rows",
        )
    except services.FileRefusedAtUploadError as refused:
        words = describe(refused.problem)
        form.add_error("file", f"{words.message} {words.fix}")
    except services.CannotCorrectError:
        form.add_error(None, _("That batch is on its way or decided, or has a correction already."))
    return None


@permission_required(Permission.BATCH_BRING)
@require_GET
def batch_template(request: SignedInRequest) -> FileResponse:
    write = partial(
        template_write,
        institution=_institution(request),
        policy=current_pack().on(clock.today()),
        most_rows=settings.BATCH_MAX_ROWS,
    )
    return workbook_response("继续教育批次模板.xlsx", write)


@permission_required(Permission.BATCH_READ, reach=Reach.INSTITUTION)
@require_GET
def batch_detail(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Show a batch: its progress while it is being checked, then what is wrong and what a submission would do."""
    batch, now = _own_batch(request, pk), clock.now()
    correction = getattr(batch, "correction", None)
    working = batch.state in {BatchState.UPLOADED, BatchState.CHECKING}
    context = {
        "batch": batch,
        "working": working,
        "progress": (progress_of(batch.pk) if working else None)
        or Progress(batch.progress, batch.rows_total),
        "refused": batch.rows.exclude(refusal="").order_by("number")[:ON_A_PAGE],
        "taken_back": selectors.rows_taken_back(batch)[:ON_A_PAGE],
        "remedies": remedies_in_words(batch),
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
        "forecast": forecasts_of(batch),
        "can_submit": whole.eligible,
        "can_submit_good_rows": partly.eligible and not whole.eligible,
        "quota": selectors.quota_of(batch.institution, now),
    }


def remedies_in_words(batch: Batch) -> list[dict[str, Any]]:
    return [
        {"remedy": remedy, **explain_problem(remedy.code, remedy.facts)._asdict()}
        for remedy in selectors.remedies_of(batch)
    ]


@permission_required(Permission.BATCH_READ, reach=Reach.INSTITUTION)
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


@permission_required(Permission.BATCH_BRING)
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


@permission_required(Permission.BATCH_BRING)
@require_POST
def batch_recheck(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Check again; a batch that is being checked already, or has gone on, is shown as it is."""
    with contextlib.suppress(services.BatchStateError):
        services.batch_recheck(batch=_own_batch(request, pk), by=Actor.of(request))
    return redirect("batch-detail", pk)


@permission_required(Permission.BATCH_BRING)
@require_POST
def batch_cancel(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Call the check off; one that is over already is shown as it is."""
    with contextlib.suppress(services.BatchStateError):
        services.batch_cancel(batch=_own_batch(request, pk), by=Actor.of(request))
    return redirect("batch-detail", pk)


@permission_required(Permission.BATCH_READ, reach=Reach.INSTITUTION)
@require_GET
def batch_receipt(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    batch = _own_batch(request, pk)
    if not batch.receipt:
        raise Http404
    disposition = content_disposition_header(as_attachment=True, filename=f"receipt-{batch.pk}.jws")
    return HttpResponse(
        batch.receipt, content_type="application/jose", headers={"Content-Disposition": disposition}
    )


@permission_required(Permission.BATCH_READ, reach=Reach.INSTITUTION)
@step_up_required
@require_GET
def batch_workbook(request: SignedInRequest, pk: uuid.UUID) -> HttpResponseBase:
    """Give the table back with every problem in its cell: a small one at once, a large one when a worker has made it."""
    batch = _own_batch(request, pk)
    if batch.state in NOT_READ or not batch.file:
        raise Http404
    if batch.rows_total <= AT_ONCE_ROWS:
        return batch_workbook_response(batch)
    download = download_ask(kind=WORKBOOK.code, subject=str(batch.pk), by=Actor.of(request))
    return redirect("download", download.pk)


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
