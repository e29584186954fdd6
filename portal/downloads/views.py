"""The page on which somebody waits for a file, and the file. Another account's download does not exist (404)."""

import uuid

from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from portal.accounts.models import User
from portal.downloads.models import Download
from portal.downloads.services import LIFETIME, page_of, source_of
from portal.files import file_page
from portal.permissions import SignedInRequest, signed_in_required


def own_download(user: User, pk: uuid.UUID) -> Download:
    """Return a download that its asker may still have; raises `Http404`."""
    download = get_object_or_404(Download.objects.select_related("asked_by"), pk=pk, asked_by=user)
    if source_of(download) is None:
        raise Http404
    return download


def download_response(download: Download) -> FileResponse:
    """Return the file of a download that is ready, under its own name."""
    source = source_of(download)
    if source is None or download.state != Download.State.READY:
        raise Http404
    return FileResponse(download.file.open(), as_attachment=True, filename=source.filename)


@signed_in_required
@require_GET
def download_page(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    download = own_download(request.user, pk)
    context = {"download": download, "until": download.asked_at + LIFETIME, "page": page_of(download)}
    return render(request, "download.html", context)


@signed_in_required
@require_GET
@file_page
def download_file(request: SignedInRequest, pk: uuid.UUID) -> HttpResponseBase:
    return download_response(own_download(request.user, pk))
