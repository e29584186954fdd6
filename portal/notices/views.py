from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from portal import clock
from portal.notices.selectors import notices_of
from portal.notices.services import notices_mark_read, wording
from portal.permissions import SignedInRequest, signed_in_required

ON_A_PAGE = 20


@signed_in_required
@require_GET
def notices_page(request: SignedInRequest) -> HttpResponse:
    """Show the inbox. What is shown whole is read from then on; this once it is still marked as new."""
    page = Paginator(notices_of(request.user), ON_A_PAGE).get_page(request.GET.get("page"))
    shown = [(notice, *wording(notice)) for notice in page]
    notices_mark_read(notices=[notice for notice, _title, _body in shown], at=clock.now())
    return render(request, "notices.html", {"page": page, "shown": shown})
