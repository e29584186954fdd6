"""Celery's way to what the kernel does by itself."""

from celery import shared_task

from portal.events.services import Actor


@shared_task(name="portal.purge")
def purge_what_is_over() -> None:
    """Delete what is no longer needed; mostly finds nothing."""
    from portal.retention import purge

    purge(by=Actor.job("purge"))
