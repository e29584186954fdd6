"""Celery's way into the services of this room. Arguments are identifiers, never personal data."""

from celery import shared_task

from portal import clock
from portal.background import ask_worker
from portal.events.services import Actor


@shared_task(name="certificates.render_document")
def render_document(certificate_id: str) -> None:
    """Make the PDF of a certificate beforehand; whoever downloads it first makes it otherwise."""
    from certificates.models import ElectronicCertificate
    from certificates.services.documents import document_ensure

    document_ensure(certificate=ElectronicCertificate.objects.get(pk=certificate_id))


@shared_task(name="certificates.resume_documents")
def resume_documents() -> None:
    """Ask once more for the documents that nobody made: a broker or a worker was away."""
    from certificates.selectors import certificates_without_document

    for certificate_id in certificates_without_document(now=clock.now()):
        ask_worker(render_document, str(certificate_id))


@shared_task(name="certificates.close_window")
def close_window() -> None:
    """Close the exchange window once its last day is over (1.2); runs every few seconds and mostly finds nothing."""
    from certificates.services.closing import legacy_services_end_if_due, window_close_if_due

    by = Actor.job("certificates.close_window")
    window_close_if_due(by=by)
    legacy_services_end_if_due(by=by)


@shared_task(name="certificates.settle_standings")
def settle_standings() -> None:
    """Settle everybody's standing once a day (2.1, 3.1a); every other run finds it done."""
    from certificates.services.standing import standings_settle_if_due

    standings_settle_if_due(by=Actor.job("certificates.settle_standings"))


@shared_task(name="certificates.propose_voiding")
def propose_voiding() -> None:
    """Propose what today's settlement shows (2.1). Only people take a certificate away."""
    from certificates.services.voiding import voidings_propose_if_due

    voidings_propose_if_due(by=Actor.job("certificates.propose_voiding"))


@shared_task(name="certificates.remind")
def remind() -> None:
    """Send today's reminders once its hour has come (1.2, 2.1, 3.1a)."""
    from certificates.services.reminders import reminders_send_if_due

    reminders_send_if_due(by=Actor.job("certificates.remind"))


@shared_task(name="certificates.sequence_log")
def sequence_log() -> None:
    """Take new changes into the transparency log and sign its new tree head."""
    from certificates.log.services import log_sequence

    log_sequence()


@shared_task(name="certificates.write_checks")
def write_checks() -> None:
    """Write down how often certificates were checked."""
    from certificates.checks.services import checks_write

    checks_write()
