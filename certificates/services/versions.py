"""Versions of a certificate: each keeps what was printed and has a place of its own in the status lists."""

import secrets
from datetime import datetime

from django.db import IntegrityError, transaction

from certificates.credentials.bitstring import ENTRIES
from certificates.credentials.models import SALT_BYTES, CertificateVersion
from certificates.credentials.status import pages
from certificates.models import ElectronicCertificate

_DRAWS = 16


def version_issue(*, certificate: ElectronicCertificate, at: datetime) -> CertificateVersion:
    """Keep what ``certificate`` says now as its version ``certificate.version``, and supersede the one before.

    The caller holds the certificate's row and has put the new content and number of version there.
    """
    with transaction.atomic():
        certificate.versions.filter(superseded_at=None).update(superseded_at=at)
        page = pages()
        while True:
            place = _free_place(page)
            if place is None:
                page += 1
                continue
            try:
                return _create(certificate, page, place, at)
            except IntegrityError:
                # Somebody else drew the same place between the look and the insert; any other fault shows again.
                if not CertificateVersion.objects.filter(status_list=page, status_index=place).exists():
                    raise


def _free_place(page: int) -> int | None:
    """Return a place drawn at random that nobody has; None when all draws fail, which means the page is nearly full."""
    drawn = {secrets.randbelow(ENTRIES) for _ in range(_DRAWS)}
    taken = CertificateVersion.objects.filter(status_list=page, status_index__in=drawn)
    free = drawn - set(taken.values_list("status_index", flat=True))
    return secrets.choice(sorted(free)) if free else None


def _create(certificate: ElectronicCertificate, page: int, place: int, at: datetime) -> CertificateVersion:
    with transaction.atomic():
        return CertificateVersion.objects.create(
            certificate=certificate,
            version=certificate.version,
            holder_name=certificate.holder_name,
            masked_id=certificate.person.masked_id_number,
            post_code=certificate.post_code,
            photo=certificate.photo,
            issued_at=at,
            status_list=page,
            status_index=place,
            commitment_salt=secrets.token_bytes(SALT_BYTES),
        )
