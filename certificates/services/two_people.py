"""What every act of a reviewer on an electronic certificate has in common: who may, the lock, the second person."""

from uuid import UUID

from certificates.models import ElectronicCertificate
from portal.accounts.models import User
from portal.accounts.roles import Permission, may
from portal.events.services import Actor


class NotAReviewerError(Exception):
    """Who acts is no reviewer."""


class SamePersonError(Exception):
    """Who asked for it cannot also decide it."""


def reviewer_of(by: Actor) -> User:
    """Return the reviewer who acts; raises `NotAReviewerError`."""
    if by.user is None or not may(by.user, Permission.CERTIFICATE_DECIDE):
        raise NotAReviewerError
    return by.user


def certificate_lock(pk: UUID) -> ElectronicCertificate:
    """Return the certificate, locked until the transaction ends; what hangs on it is locked after it."""
    locked = ElectronicCertificate.objects.select_for_update(of=("self",))
    return locked.select_related("person__photo", "replaces").get(pk=pk)
