"""Pages of the reviewer: the queue, a batch on its summary, decisions about it, its rows and its reversal."""

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from education import selectors, services
from education.claims import claims_unconfirmed
from education.forms import QueueForm, ReturnForm, ReversalForm, RowForm
from education.models import Batch, BatchRow, BatchState, Reversal, RowProblem
from education.problem_texts import explain_problem
from education.views import ON_A_PAGE, remedies_in_words
from portal import clock
from portal.accounts.roles import Permission, Reach, may
from portal.events.services import Actor
from portal.filters import filter_context
from portal.forms import Form, form_status
from portal.permissions import SignedInRequest, permission_required
from portal.policy import current_pack
from portal.step_up import step_up_to_post

decider_page = permission_required(Permission.BATCH_DECIDE)


@permission_required(Permission.BATCH_READ, reach=Reach.PROVINCE)
@require_GET
def review_batches(request: SignedInRequest) -> HttpResponse:
    decided = request.GET.get("state") == "decided"
    waiting = selectors.batches_in_review()
    filters = QueueForm(request.GET)
    target = current_pack().on(clock.today()).service_targets.batch_review_days
    work = selectors.batches_decided() if decided else waiting
    if filters.is_valid():
        work = selectors.batches_like(work, overdue_after=target, **filters.cleaned_data)
    context = {
        "found": Paginator(selectors.with_flags(work), ON_A_PAGE).get_page(request.GET.get("page")),
        "filters": filters,
        "tab": "decided" if decided else "waiting",
        "waiting": waiting.count(),
        "now": clock.now(),
        "target_days": target,
        "overdue_before": selectors.overdue_before(target),
        "may_decide": may(request.user, Permission.BATCH_DECIDE),
        **filter_context(request, "review-batches"),
    }
    return render(request, "review/batch_list.html", context)


def _batch(request: SignedInRequest, pk: uuid.UUID) -> Batch:
    batches = selectors.batches_visible_to(request.user).select_related(
        "corrects", "submitted_by", "decided_by", "agreed_by"
    )
    return get_object_or_404(batches, pk=pk)


@permission_required(Permission.BATCH_READ, reach=Reach.PROVINCE)
@require_GET
def review_batch(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    return _page(request, _batch(request, pk))


def _page(request: SignedInRequest, batch: Batch, **bound: Form) -> HttpResponse:
    """Show a batch on its summary; ``bound`` are forms that came back with errors."""
    numbers = selectors.sample_numbers(batch, percent=current_pack().on(clock.today()).review.sample_percent)
    sample = Paginator(numbers, ON_A_PAGE).get_page(request.GET.get("page"))
    forms = {"return_form": ReturnForm(), "row_form": RowForm(), "reversal_form": ReversalForm(), **bound}
    context = {
        **forms,
        "forms": list(forms.values()),
        "batch": batch,
        "rows": batch.rows_total - batch.rows_dropped,
        "summary": selectors.summary_of(batch),
        "flags": _flags(batch),
        "remedies": remedies_in_words(batch),
        "refused": batch.rows.exclude(refusal="").order_by("number"),
        "needs_two": bool(selectors.second_look_reasons(batch)),
        "is_first": batch.agreed_by_id == request.user.pk,
        "page": sample,
        "sampled": len(numbers),
        "sample": _with_problems(batch, selectors.rows_numbered(batch, list(sample))),
        "may_decide": may(request.user, Permission.BATCH_DECIDE),
        "waiting": batch.state == BatchState.SUBMITTED,
        "proposed": batch.reversals.filter(state=Reversal.State.PROPOSED).first(),
        "taken_back": batch.reversals.filter(state=Reversal.State.CONFIRMED).order_by("decided_at"),
        "marks": selectors.marks_of(batch),
        "unconfirmed": claims_unconfirmed(batch.institution)[:ON_A_PAGE],
        "earlier": selectors.earlier_batches(batch),
    }
    status = max(form_status(form) for form in forms.values())
    return render(request, "review/batch.html", context, status=status)


def _flags(batch: Batch) -> list[str]:
    """Say what is unusual about the batch as a whole, beside the warnings about its rows."""
    rows = batch.rows_total - batch.rows_dropped
    large = current_pack().on(clock.today()).review.large_batch_rows
    flags = {
        _("More than %(rows)s people") % {"rows": large}: rows > large,
        _("It corrects a batch that was returned"): batch.corrects is not None
        and batch.corrects.state == BatchState.RETURNED,
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


@decider_page
@require_POST
def review_batch_approve(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    batch = _batch(request, pk)
    return _decided(request, batch, lambda: services.batch_approve(batch=batch, by=Actor.of(request)))


@decider_page
@require_POST
def review_batch_return(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    batch, form = _batch(request, pk), ReturnForm(request.POST)
    if not form.is_valid():
        return _page(request, batch, return_form=form)
    reason = form.cleaned_data["reason"]
    return _decided(
        request, batch, lambda: services.batch_return(batch=batch, reason=reason, by=Actor.of(request))
    )


def _decided(request: SignedInRequest, batch: Batch, decide: Callable[[], Batch]) -> HttpResponse:
    done = _tried(request, decide)
    if done is None:
        return redirect("review-batch", batch.pk)
    if done.state == BatchState.SUBMITTED:
        text = _(
            "%(institution)s: you agree. It is unusual, and is credited when a second reviewer agrees too."
        )
        messages.success(request, text % {"institution": batch.institution.name})
    else:
        told = {"institution": batch.institution.name, "state": done.get_state_display()}
        messages.success(request, _("%(institution)s: %(state)s.") % told)
    return redirect("review-batches")


@decider_page
@require_POST
def review_batch_row(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Refuse one row with a reason, or take a refusal back."""
    batch, form = _batch(request, pk), RowForm(request.POST)
    if not form.is_valid():
        return _page(request, batch, row_form=form)
    facts = form.cleaned_data
    try:
        _tried(request, lambda: services.row_refuse(batch=batch, by=Actor.of(request), **facts))
    except BatchRow.DoesNotExist:
        form.add_error("number", _("The batch has no such row."))
        return _page(request, batch, row_form=form)
    return redirect("review-batch", pk)


@decider_page
@step_up_to_post
@require_POST
def review_batch_reversal(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Propose to take the approval back; confirm or dismiss what a colleague proposed."""
    batch, act = _batch(request, pk), request.POST.get("act")
    reversal = batch.reversals.filter(state=Reversal.State.PROPOSED).first()
    by = Actor.of(request)
    if act == "propose":
        form = ReversalForm(request.POST)
        if not form.is_valid():
            return _page(request, batch, reversal_form=form)
        facts = form.cleaned_data
        _tried(request, lambda: services.reversal_propose(batch=batch, by=by, **facts))
    elif reversal and act == "confirm":
        _tried(request, lambda: services.reversal_confirm(reversal=reversal, by=by))
    elif reversal and act == "dismiss":
        _tried(request, lambda: services.reversal_dismiss(reversal=reversal, by=by))
    return redirect("review-batch", pk)


def _tried(request: SignedInRequest, act: Callable[[], Any]) -> Any:
    """Do it and return what it returns; where it was refused, say why and return None."""
    try:
        return act()
    except services.BatchStateError as late:
        text = _("Nothing was changed: a colleague was first, the batch is now “%(state)s”.")
        messages.error(request, text % {"state": late.state.label})
    except services.ReversalStateError as late:
        text = _("Nothing was changed: a colleague was first, the reversal is now “%(state)s”.")
        messages.error(request, text % {"state": late.reversal.get_state_display()})
    except services.RowsNotCreditedError as refused:
        text = _("Nothing was changed: rows %(rows)s credit nothing, or no longer.")
        messages.error(request, text % {"rows": ", ".join(map(str, refused.rows[:20]))})
    except services.NotAReviewerError:
        messages.error(
            request, _("Nobody decides a batch of their own or of an institution that they belong to.")
        )
    except services.SecondReviewerNeededError:
        messages.error(request, _("Nothing was changed: this takes two people, and you were the first."))
    except services.NothingToCreditError:
        messages.error(request, _("Nothing was changed: every row was refused. Return the batch instead."))
    except services.HoursAlreadyCreditedError as doubled:
        text = _(
            "Nothing was changed: rows %(rows)s were credited by another batch in the meantime. Refuse them, or return "
            "the batch."
        )
        messages.error(request, text % {"rows": ", ".join(map(str, doubled.rows))})
    return None
