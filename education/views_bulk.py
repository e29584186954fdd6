"""Approving many batches at once; what is unusual in any way stays in the queue (2.2)."""

from collections.abc import Callable

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from education import selectors, services
from education.models import Batch
from education.views_review import decider_page
from portal import clock
from portal.bulk import Item, Plan, carry_out, chosen, tell
from portal.events.services import Actor
from portal.permissions import SignedInRequest
from portal.policy import current_pack


@decider_page
@require_POST
def batch_bulk(request: SignedInRequest) -> HttpResponse:
    """Show what would be approved and what is left out; ``confirmed`` does it."""
    work = selectors.with_flags(selectors.batches_in_review())
    large = current_pack().on(clock.today()).review.large_batch_rows
    plan = Plan(items=[_item(batch, large) for batch in chosen(request, work)])
    if not plan.items or "confirmed" in request.POST:
        tell(request, carry_out(plan, _approve(Actor.of(request))))
        return redirect("review-batches")
    context = {
        "plan": plan,
        "title": _("Approve batches"),
        "lead": _("Every row of these batches is credited at once. Taking hours back takes two people."),
        "act_text": _("Approve, and credit the hours"),
        "list_url": reverse("review-batches"),
        "list_text": _("Batches of continuing education"),
    }
    return render(request, "review/bulk.html", context)


def _item(batch: Batch, large: int) -> Item:
    rows = batch.rows_total - batch.rows_dropped
    note = ngettext("%(rows)s row", "%(rows)s rows", rows) % {"rows": rows}
    return Item(
        object=batch,
        label=f"{batch.institution.name} {batch.filename}",
        note=note,
        flag=_flag(batch, rows > large),
    )


def _flag(batch: Batch, is_large: bool) -> str:
    flags = getattr(batch, "flags", 0)
    if flags:
        return _("something is unusual in it")
    if is_large:
        return _("unusually large")
    if batch.warnings or batch.rows_dropped:
        return _("it has warnings, or rows were left out")
    if batch.corrects_id:
        return _("it corrects an earlier batch")
    return ""


def _approve(by: Actor) -> Callable[[Batch], str]:
    def approve(batch: Batch) -> str:
        try:
            done = services.batch_approve(batch=batch, by=by)
        except services.BatchStateError:
            return _("a colleague was first")
        except services.NotAReviewerError:
            return _("nobody decides a batch of their own")
        except services.HoursAlreadyCreditedError:
            return _("some hours were credited by another batch meanwhile")
        except (services.SecondReviewerNeededError, services.NothingToCreditError):
            return _("it has to be looked at by itself")
        return "" if done.decided_at else _("a second reviewer has to agree")

    return approve
