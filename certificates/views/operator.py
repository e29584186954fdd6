"""What was read into the registry, for operators."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from certificates.events import Verb
from portal.accounts.roles import Permission
from portal.events.selectors import Wanted, event_lines, events_found
from portal.permissions import SignedInRequest, permission_required

ON_A_PAGE = 50


@permission_required(Permission.OPERATIONS_READ)
@require_safe
def imports(request: SignedInRequest) -> HttpResponse:
    page = Paginator(events_found(Wanted(verb=Verb.REGISTRY_IMPORTED)), ON_A_PAGE).get_page(
        request.GET.get("page")
    )
    return render(request, "operator/imports.html", {"page": page, "lines": event_lines(page.object_list)})
