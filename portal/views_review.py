"""The reviewer's inbox: every queue of work that the rooms have registered, what waits and since when."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from portal import clock
from portal.accounts.roles import Permission
from portal.desk import queues_by_age
from portal.permissions import SignedInRequest, permission_required


@permission_required(Permission.CERTIFICATE_READ)
@require_GET
def review_home(request: SignedInRequest) -> HttpResponse:
    """Show the queues, the one whose work has waited longest first."""
    now = clock.now()
    queues = queues_by_age(now)
    waiting = sum(state.waiting for _queue, state in queues)
    return render(request, "review/home.html", {"queues": queues, "waiting": waiting, "now": now})
