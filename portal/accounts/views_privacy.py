"""The privacy notice, accepting a newer one, and leaving."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import logout
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from portal import clock
from portal.accounts.acceptance import NoticeChangedError, acceptances_of, is_asked, notice_accept
from portal.accounts.agreements import Agreement, Kind, in_force, versions_of
from portal.accounts.closing import account_close
from portal.accounts.forms_privacy import AccountCloseForm
from portal.accounts.roles import Permission, may
from portal.context import province_names
from portal.events.services import Actor
from portal.forms import form_status
from portal.permissions import NEXT, SignedInRequest, permission_required, safe_next, signed_in_required
from portal.policy.forms import Text
from portal.step_up import step_up_required


def agreement_shown(agreement: Agreement) -> dict[str, Any]:
    """Return a version in the reader's language, with the province's own names in it, for a template."""
    names = province_names()

    def said(text: Text) -> str:
        return text.in_language(get_language() or "").format_map(names)

    return {
        "version": agreement.version,
        "since": agreement.since,
        "changes": [said(change) for change in agreement.changes],
        "sections": [
            {
                "title": section.title and said(section.title),
                "paragraphs": [said(each) for each in section.paragraphs],
            }
            for section in agreement.sections
        ],
    }


@require_GET
def privacy_page(request: HttpRequest) -> HttpResponse:
    """Show the notice that applies, or another version of it: older ones, and what is announced."""
    versions, current = versions_of(Kind.PRIVACY), in_force(Kind.PRIVACY, clock.today())
    wanted = request.GET.get("version", current.version)
    shown = next((each for each in versions if each.version == wanted), None)
    if shown is None:
        raise Http404
    context = {
        "notice": agreement_shown(shown),
        "current": current.version,
        "versions": versions[::-1],
        "today": clock.today(),
    }
    return render(request, "public/privacy.html", context)


@signed_in_required
@require_http_methods(["GET", "POST"])
def privacy_acceptance_page(request: SignedInRequest) -> HttpResponse:
    """Ask for a newer version with what it changes and the ways out; without a question, list what was accepted."""
    current, target = in_force(Kind.PRIVACY, clock.today()), safe_next(request, "home")
    if request.method == "POST":
        try:
            notice_accept(user=request.user, version=request.POST.get("version", ""), by=Actor.of(request))
        except NoticeChangedError:
            messages.warning(request, _("The notice has changed meanwhile. Read what is new, then accept."))
            return redirect("privacy-acceptance")
        return redirect(target)
    context = {
        "is_asked": is_asked(request.user, current),
        "notice": agreement_shown(current),
        "acceptances": acceptances_of(request.user),
        "next": target,
        "next_name": NEXT,
        "may_take_along": may(request.user, Permission.DATA_TAKE_ALONG),
        "may_close": may(request.user, Permission.ACCOUNT_CLOSE),
    }
    return render(request, "account/privacy_acceptance.html", context)


@permission_required(Permission.ACCOUNT_CLOSE)
@step_up_required
@require_http_methods(["GET", "POST"])
def account_close_page(request: SignedInRequest) -> HttpResponse:
    form = AccountCloseForm(request.POST or None)
    if form.is_valid():
        account_close(user=request.user, by=Actor.of(request))
        logout(request)
        messages.success(request, _("Your account is closed. Certificates that were issued stay valid."))
        return redirect("start")
    return render(request, "account/close.html", {"form": form}, status=form_status(form))
