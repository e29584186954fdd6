"""What reviewers do with a certificate after its issue, by the services that they use."""

from certificates.lifecycle.models import Measure, MeasureKind, MeasureReason
from certificates.services import lifecycle
from tests import factories
from tests.certificates.lapsing import actor

WORDS = "经核查属实"


def asked(certificate, kind=MeasureKind.SUSPEND, reason=MeasureReason.LENT, by=None) -> Measure:
    by = by or factories.reviewer()
    return lifecycle.measure_ask(
        certificate=certificate, kind=kind, reason=reason, explanation=WORDS, by=actor(by)
    )


def approved(measure, by=None) -> Measure:
    return lifecycle.measure_decide(measure=measure, approved=True, by=actor(by or factories.reviewer()))


def refused(measure, by=None) -> Measure:
    return lifecycle.measure_decide(
        measure=measure, approved=False, refusal=WORDS, by=actor(by or factories.reviewer())
    )


def suspended(certificate) -> Measure:
    return approved(asked(certificate))


def revoked(certificate) -> Measure:
    return approved(asked(certificate, MeasureKind.REVOKE, MeasureReason.FRAUD))


def lifted(certificate, by=None) -> Measure:
    return lifecycle.suspension_lift(
        certificate=certificate,
        reason=MeasureReason.CLEARED,
        explanation=WORDS,
        by=actor(by or factories.reviewer()),
    )


def corrected(certificate, name="陈海升", reason=MeasureReason.NAME_MISSPELT, by=None) -> Measure:
    return lifecycle.certificate_correct(
        certificate=certificate,
        reason=reason,
        explanation=WORDS,
        name=name,
        by=actor(by or factories.reviewer()),
    )
