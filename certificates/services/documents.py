"""The signed PDF of a certificate: made after the exchange, and again whenever it is missing."""

import hashlib
from functools import lru_cache

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import transaction

from certificates.documents.content import CertificateContent, EducationDuty
from certificates.documents.issuer import Issuer, load_issuer
from certificates.documents.render import render_certificate, unprintable_characters
from certificates.documents.signing import sign_pdf
from certificates.events import Verb
from certificates.models import CertificateDocument, ElectronicCertificate
from certificates.selectors import policy_on
from portal import clock
from portal.events.services import Actor, event_record
from portal.policy import day_of


@lru_cache(maxsize=1)
def issuer() -> Issuer:
    """Return the issuer of the settings; loading the key anew for each document would cost more than signing."""
    return load_issuer(settings.ISSUER_KEY, settings.ISSUER_CERTIFICATE)


def document_ensure(*, certificate: ElectronicCertificate) -> CertificateDocument:
    """Return the PDF of the certificate's present version, making it when there is none or its file is gone.

    Two at once (the worker and a download) make the same document: the row of the certificate is locked meanwhile.
    """
    with transaction.atomic():
        locked = ElectronicCertificate.objects.select_for_update(of=("self",)).get(pk=certificate.pk)
        document = CertificateDocument.objects.filter(certificate=locked, version=locked.version).first()
        if document and document.file.storage.exists(str(document.file.name)):
            return document
        content = certificate_content(locked)
        signed = sign_pdf(render_certificate(content), issuer(), signed_at=locked.issued_at)
        return _store(locked, document, signed, unprintable_characters(content))


def certificate_content(certificate: ElectronicCertificate) -> CertificateContent:
    """Return everything that is printed, from what was stored at the issue and the policy of that day."""
    policy = policy_on(certificate.issued_at)
    issued_on = day_of(certificate.issued_at)
    post = policy.exchange.post(certificate.post_code)
    if post is None:
        raise ValueError(f"The policy of {issued_on} has no post {certificate.post_code}.")
    address = f"{settings.PUBLIC_URL}/v/{certificate.number}"
    with certificate.photo.file.open() as photo:
        portrait = photo.read()
    return CertificateContent(
        number=certificate.number,
        version=certificate.version,
        holder_name=certificate.holder_name,
        masked_id=certificate.person.masked_id_number,
        post_code=certificate.post_code,
        post_name_zh=post.zh,
        post_name_en=post.en,
        issued_on=issued_on,
        issuer_zh=policy.province.department.zh,
        issuer_en=policy.province.department.en,
        portal_zh=policy.province.portal.zh,
        portal_en=policy.province.portal.en,
        education=EducationDuty(
            first_year=issued_on.year + 1,
            hours=int(policy.education.annual_hours),
            professional_hours=int(policy.education.annual_professional_hours),
        ),
        verify_url=address,
        qr_payload=address,
        photo=portrait,
        replaces=certificate.replaces.number if certificate.replaces else None,
    )


def _store(
    certificate: ElectronicCertificate, document: CertificateDocument | None, signed: bytes, unprintable: str
) -> CertificateDocument:
    at = clock.now()
    document = document or CertificateDocument(certificate=certificate, version=certificate.version)
    document.sha256, document.rendered_at, document.unprintable = (
        hashlib.sha256(signed).hexdigest(),
        at,
        unprintable,
    )
    document.file.save("certificate.pdf", ContentFile(signed), save=False)
    document.save()
    event_record(
        Verb.DOCUMENT_RENDERED,
        at=at,
        by=Actor.job("render_document"),
        subject=certificate,
        person_id=certificate.person_id,
        sha256=document.sha256,
        version=certificate.version,
    )
    return document
