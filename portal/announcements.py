"""What the department tells everybody: written by the reviewer in chief, in both languages, read by anyone."""

import uuid

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal import clock
from portal.accounts.roles import Permission
from portal.events.services import Actor, event_record
from portal.forms import Form, LineField, ProseField, form_status
from portal.models import Announcement
from portal.permissions import SignedInRequest, permission_required
from portal.verbs import Verb

ON_A_PAGE = 20
ON_START = 3


class AnnouncementForm(Form):
    title_zh = LineField(label=gettext_lazy("Title in Chinese"), max_length=100)
    text_zh = ProseField(
        label=gettext_lazy("Text in Chinese"), max_length=4000, widget=forms.Textarea({"rows": 6})
    )
    title_en = LineField(label=gettext_lazy("Title in English"), max_length=100)
    text_en = ProseField(
        label=gettext_lazy("Text in English"), max_length=4000, widget=forms.Textarea({"rows": 6})
    )


def announcements() -> "QuerySet[Announcement]":
    """Return what is public, the newest first."""
    return Announcement.objects.filter(withdrawn_at__isnull=True).order_by("-published_at", "pk")


@transaction.atomic
def announcement_publish(
    *, title_zh: str, text_zh: str, title_en: str, text_en: str, by: Actor
) -> Announcement:
    at = clock.now()
    announcement = Announcement.objects.create(
        title_zh=title_zh,
        text_zh=text_zh,
        title_en=title_en,
        text_en=text_en,
        published_at=at,
        published_by=by.account,
    )
    event_record(Verb.ANNOUNCED, at=at, by=by, subject=announcement, title=title_zh)
    return announcement


@transaction.atomic
def announcement_withdraw(*, announcement: Announcement, by: Actor) -> Announcement:
    """Take an announcement off the public pages; a second time does nothing."""
    locked = Announcement.objects.select_for_update(of=("self",)).get(pk=announcement.pk)
    if locked.withdrawn_at is None:
        locked.withdrawn_at, locked.withdrawn_by = clock.now(), by.account
        locked.save(update_fields=["withdrawn_at", "withdrawn_by"])
        event_record(Verb.ANNOUNCEMENT_WITHDRAWN, at=locked.withdrawn_at, by=by, subject=locked)
    return locked


@transaction.atomic
def announcement_restore(*, announcement: Announcement, by: Actor) -> Announcement:
    """Show a withdrawn announcement again, as it was; the history has both."""
    locked = Announcement.objects.select_for_update(of=("self",)).get(pk=announcement.pk)
    if locked.withdrawn_at is not None:
        locked.withdrawn_at = locked.withdrawn_by = None
        locked.save(update_fields=["withdrawn_at", "withdrawn_by"])
        event_record(Verb.ANNOUNCEMENT_RESTORED, at=clock.now(), by=by, subject=locked)
    return locked


@require_safe
def announcements_page(request: HttpRequest) -> HttpResponse:
    page = Paginator(announcements(), ON_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "public/announcements.html", {"page": page})


@require_safe
def announcement_page(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    return render(
        request, "public/announcement.html", {"announcement": get_object_or_404(announcements(), pk=pk)}
    )


@permission_required(Permission.ANNOUNCEMENTS_KEEP)
@require_http_methods(["GET", "HEAD", "POST"])
def chief_announcements(request: SignedInRequest) -> HttpResponse:
    """Everything that was announced, and a form for something new."""
    form = AnnouncementForm(request.POST or None)
    if form.is_valid():
        announcement_publish(by=Actor.of(request), **form.cleaned_data)
        messages.success(request, _("Published. It stands on the start page now."))
        return redirect("chief-announcements")
    page = Paginator(
        Announcement.objects.select_related("published_by", "withdrawn_by").order_by("-published_at", "pk"),
        ON_A_PAGE,
    ).get_page(request.GET.get("page"))
    context = {"form": form, "page": page}
    return render(request, "chief/announcements.html", context, status=form_status(form))


@permission_required(Permission.ANNOUNCEMENTS_KEEP)
@require_POST
def chief_announcement_show(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Withdraw an announcement, or show it again: both can be undone, so neither is asked twice."""
    announcement, by = get_object_or_404(Announcement, pk=pk), Actor.of(request)
    if "restore" in request.POST:
        announcement_restore(announcement=announcement, by=by)
        messages.success(request, _("The announcement is public again."))
    else:
        announcement_withdraw(announcement=announcement, by=by)
        messages.success(request, _("The announcement is no longer public. You can show it again."))
    return redirect("chief-announcements")
