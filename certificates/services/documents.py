"""The signed PDF of a certificate: made after the exchange, and again whenever it is missing."""

import hashlib
from dataclasses import dataclass, field
from functools import lru_cache

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import transaction
from pyhanko.sign.timestamps import TimeStamper

from certificates.credentials.facts import credential_facts, token_facts
from certificates.credentials.keys import certificate_keep, key_keep, signing_key
from certificates.credentials.open_badge import credential_sign
from certificates.credentials.token import token_sign
from certificates.documents.content import CertificateContent, EducationDuty
from certificates.documents.issuer import Issuer, SecurityModule, load_issuer, load_module_issuer
from certificates.documents.qr import scan_address, verification_address
from certificates.documents.render import render_certificate, unprintable_characters
from certificates.documents.signing import sign_pdf
from certificates.documents.timestamps import HttpTimeStamper
from certificates.events import Verb
from certificates.log.models import LeafKind
from certificates.log.services import records_write, version_record
from certificates.log.statements import document_facts
from certificates.models import CertificateDocument, CertificateVersion, ElectronicCertificate
from certificates.selectors import policy_on
from education.rules import Periods
from portal import clock
from portal.events.services import Actor, event_record
from portal.policy import Policy, day_of


@lru_cache(maxsize=1)
def issuer() -> Issuer:
    """Return the issuer of the settings; loading the key anew for each document would cost more than signing."""
    if settings.PKCS11_MODULE:
        module = SecurityModule(
            settings.PKCS11_MODULE, settings.PKCS11_TOKEN, settings.PKCS11_PIN, settings.PKCS11_KEY
        )
        return load_module_issuer(module, settings.ISSUER_CERTIFICATE)
    return load_issuer(settings.ISSUER_KEY, settings.ISSUER_CERTIFICATE)


def timestamper() -> TimeStamper | None:
    """Return the way to the timestamp authority of the settings, if there is one."""
    return HttpTimeStamper(settings.TIMESTAMP_URL) if settings.TIMESTAMP_URL else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """A signed PDF that is not kept yet."""

    version: CertificateVersion
    signed: bytes = field(repr=False)
    unprintable: str


def document_ensure(*, certificate: ElectronicCertificate) -> CertificateDocument:
    """Return the PDF of the certificate's present version, making it when there is none or its file is gone.

    It is set and signed, and the timestamp authority asked, before anything is locked. Of two that make it at once (the
    worker and a download) the first is kept; a correction meanwhile makes it anew.
    """
    while True:
        version = current_version(certificate)
        if document := _kept(version):
            return document
        made = _make(version)
        with transaction.atomic():
            locked = ElectronicCertificate.objects.select_for_update(of=("self",)).select_related("replaces")
            version.certificate = locked.get(pk=certificate.pk)
            if version.certificate.version == version.version:
                return _kept(version) or _keep(made)


def _kept(version: CertificateVersion) -> CertificateDocument | None:
    document = version.certificate.documents.filter(version=version.version).first()
    return document if document and document.file.storage.exists(str(document.file.name)) else None


def _make(version: CertificateVersion) -> _Made:
    content = certificate_content(version)
    pdf = render_certificate(content)
    signed = sign_pdf(pdf, issuer(), signed_at=version.issued_at, timestamper=timestamper())
    return _Made(version=version, signed=signed, unprintable=unprintable_characters(content))


def current_version(certificate: ElectronicCertificate) -> CertificateVersion:
    """Return the version in force, with all that its document needs."""
    versions = certificate.versions.select_related("certificate__replaces", "photo")
    return versions.get(superseded_at=None)


def certificate_content(version: CertificateVersion) -> CertificateContent:
    """Return everything that is printed, from what was stored at the issue and the policy of that day."""
    certificate = version.certificate
    policy = policy_on(certificate.issued_at)
    issued_on = day_of(certificate.issued_at)
    key = signing_key()
    token = token_sign(token_facts(version), key)
    with version.photo.file.open() as photo:
        portrait = photo.read()
    facts = credential_facts(version)
    return CertificateContent(
        number=certificate.number,
        version=version.version,
        holder_name=version.holder_name,
        masked_id=version.masked_id,
        post_code=version.post_code,
        post_name_zh=facts.post_name_zh,
        post_name_en=facts.post_name_en,
        issued_on=issued_on,
        issuer_zh=facts.issuer_zh,
        issuer_en=facts.issuer_en,
        portal_zh=policy.province.portal.zh,
        portal_en=policy.province.portal.en,
        education=_duty(certificate, policy),
        verify_url=verification_address(settings.PUBLIC_URL, certificate.number),
        qr_payload=scan_address(settings.PUBLIC_URL, certificate.number, token),
        licence_identifier=facts.licence_identifier,
        credential=credential_sign(facts, key),
        photo=portrait,
        replaces=certificate.replaces.number if certificate.replaces else None,
    )


def _duty(certificate: ElectronicCertificate, policy: Policy) -> EducationDuty:
    obtained_by = "exchange" if certificate.replaces_id else "training"
    periods = Periods.of(day_of(certificate.issued_at), obtained_by, policy.education)
    return EducationDuty(
        first_year=periods.label(0),
        hours=int(policy.education.annual_hours),
        professional_hours=int(policy.education.annual_professional_hours),
    )


def _keep(made: _Made) -> CertificateDocument:
    """Write a document down, with all that others need to check it for ever; the certificate's row is locked."""
    at, version, certificate = clock.now(), made.version, made.version.certificate
    document = CertificateDocument.objects.filter(
        certificate=certificate, version=version.version
    ).first() or CertificateDocument(certificate=certificate, version=version.version)
    document.sha256, document.rendered_at = hashlib.sha256(made.signed).hexdigest(), at
    document.unprintable = made.unprintable
    document.file.save("certificate.pdf", ContentFile(made.signed), save=False)
    document.save()
    key_keep(signing_key(), at=at)
    certificate_keep(issuer().certificate, at=at)
    records_write([version_record(LeafKind.DOCUMENT, version=version, at=at, **document_facts(document))])
    event_record(
        Verb.DOCUMENT_RENDERED,
        at=at,
        by=Actor.job("certificates.render_document"),
        subject=certificate,
        person_id=certificate.person_id,
        sha256=document.sha256,
        version=version.version,
    )
    return document
