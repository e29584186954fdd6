"""Celery's way into the services of downloads. Arguments are identifiers, never personal data."""

from celery import shared_task

from portal.background import ask_worker

PATIENCE = 600
"""Seconds; the largest file takes less than one minute."""


@shared_task(name="downloads.make", soft_time_limit=PATIENCE, time_limit=PATIENCE + 30)
def make(download_id: str) -> None:
    """Make one file."""
    from portal.downloads.models import Download
    from portal.downloads.services import download_make

    for download in Download.objects.filter(pk=download_id):
        download_make(download)


@shared_task(name="downloads.resume")
def resume() -> None:
    """Take up again what was asked for and is in nobody's hands: a broker or a worker was away."""
    from portal.downloads.services import downloads_waiting

    for download in downloads_waiting():
        ask_worker(make, str(download.pk))
