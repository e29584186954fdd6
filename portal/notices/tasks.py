"""Celery's way to the outbox."""

from celery import shared_task


@shared_task(name="notices.deliver")
def deliver() -> None:
    """Queue what is to go out, and send what is due; runs every few seconds and mostly finds nothing."""
    from portal.notices.deliveries import deliveries_queue, deliveries_send

    deliveries_queue()
    deliveries_send()
