"""Files that are too large to be made while a caller waits: asked for at their own address until they are there."""

from typing import Any

from django.http import FileResponse
from rest_framework import serializers
from rest_framework.response import Response

from portal.downloads.models import Download
from portal.downloads.views import download_response

RETRY_AFTER = 2  # seconds


class BeingMadeSerializer(serializers.Serializer[Any]):
    state = serializers.ChoiceField([Download.State.WAITING])
    progress = serializers.IntegerField(help_text="Per cent of the file")


def large_file(download: Download) -> FileResponse | Response:
    """Return the file when a worker has made it, else 202 with how far it is."""
    if download.state == Download.State.READY:
        return download_response(download)
    shown = {"state": download.state, "progress": download.percent}
    return Response(shown, status=202, headers={"Retry-After": str(RETRY_AFTER)})
