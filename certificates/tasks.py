"""Celery's way into the services of this room. Arguments are identifiers, never personal data."""

from celery import shared_task

from portal.events.services import Actor


@shared_task(name="certificates.render_document")
def render_document(certificate_id: str) -> None:
    """Make the PDF of a certificate beforehand; whoever downloads it first makes it otherwise."""
    from certificates.models import ElectronicCertificate
    from certificates.services.documents import document_ensure

    document_ensure(certificate=ElectronicCertificate.objects.get(pk=certificate_id))


@shared_task(name="certificates.close_window")
def close_window() -> None:
    """Close the exchange window once its last day is over (1.2); runs every few seconds and mostly finds nothing."""
    from certificates.services.closing import legacy_services_end_if_due, window_close_if_due

    by = Actor.job("close_window")
    window_close_if_due(by=by)
    legacy_services_end_if_due(by=by)
