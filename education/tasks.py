"""Celery's way into the services of this room. Arguments are identifiers, never personal data."""

import uuid

from celery import shared_task

from portal.background import ask_worker
from portal.events.services import Actor

PATIENCE = 300
"""Seconds; the largest file takes a few."""


@shared_task(name="education.check_batch", soft_time_limit=PATIENCE, time_limit=PATIENCE + 30)
def check_batch(batch_id: str) -> None:
    """Check one batch. A file that takes longer than `PATIENCE` is tried again, and given up in the end."""
    from education.services.checking import batch_check

    batch_check(uuid.UUID(batch_id), by=Actor.job("education.check_batch"))


@shared_task(name="education.resume_batches")
def resume_batches() -> None:
    """Take up again what was uploaded or begun but is in nobody's hands: a broker or a worker was away."""
    from education.selectors import batches_to_check

    for batch_id in batches_to_check():
        ask_worker(check_batch, str(batch_id))


@shared_task(name="education.deliver")
def deliver() -> None:
    """Send what waits to the national system; by file nothing is sent."""
    from education.national.outbox import deliveries_due, delivery_send
    from education.national.system import national_system

    if system := national_system():
        for delivery in deliveries_due():
            delivery_send(delivery=delivery, system=system, by=Actor.job("education.deliver"))
