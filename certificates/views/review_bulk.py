"""Confirming many archive checks at once; those that are flagged stay in the queue (1.1)."""

from collections.abc import Callable

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from certificates.models import ArchiveCheck
from certificates.queues import archive_checks_like, open_archive_checks
from certificates.services.archive import archive_check_decide
from certificates.services.refusals import StateConflictError
from certificates.views.review import decider_page
from portal import clock
from portal.bulk import Item, Plan, carry_out, chosen, tell
from portal.events.services import Actor
from portal.identity import same_name
from portal.permissions import SignedInRequest
from portal.templatetags.portal import post_name


@decider_page
@require_POST
def archive_bulk(request: SignedInRequest) -> HttpResponse:
    """Show what would be confirmed and what is left out; ``confirmed`` does it."""
    work = archive_checks_like(open_archive_checks(), at=clock.now())
    plan = Plan(items=[_item(check) for check in chosen(request, work)])
    if not plan.items or "confirmed" in request.POST:
        tell(request, carry_out(plan, _confirm(Actor.of(request))))
        return redirect("review-archive-checks")
    context = {
        "plan": plan,
        "title": _("Confirm archive checks"),
        "lead": _("Confirm only what you found in the files. Each holder is told at once."),
        "act_text": _("Confirm: the files show these certificates"),
        "list_url": reverse("review-archive-checks"),
        "list_text": _("Archive checks"),
    }
    return render(request, "review/bulk.html", context)


def _item(check: ArchiveCheck) -> Item:
    paper = check.certificate
    return Item(
        object=check,
        label=f"{paper.number} {paper.holder_name}",
        note=f"{paper.post_code} {post_name(paper.post_code)}",
        flag=_flag(check),
    )


def _flag(check: ArchiveCheck) -> str:
    if getattr(check, "late", False):
        return _("can no longer pass: the dates are too late (1.1)")
    if check.papers_seen_on is None:
        return _("the originals were not seen")
    if not same_name(check.certificate.holder_name, check.certificate.person.name):
        return _("registry and account have different names")
    return ""


def _confirm(by: Actor) -> Callable[[ArchiveCheck], str]:
    def confirm(check: ArchiveCheck) -> str:
        try:
            archive_check_decide(check=check, confirmed=True, reason="", by=by)
        except StateConflictError:
            return _("a colleague was first")
        return ""

    return confirm
