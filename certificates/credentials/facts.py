"""From the stored version of a certificate to what its credential and its token say."""

from django.conf import settings

from certificates.credentials.models import CertificateVersion
from certificates.credentials.open_badge import CredentialFacts
from certificates.credentials.token import TokenFacts
from certificates.licence import licence_identifier
from certificates.selectors import policy_on
from portal.masking import mask_name
from portal.policy import SHANGHAI, day_of


def version_licence_identifier(version: CertificateVersion) -> str:
    """Return the identifier after GB/T 36904, with the codes in force when the certificate was first issued."""
    codes = policy_on(version.certificate.issued_at).certificate_number
    return licence_identifier(
        type_code=codes.licence_type_code,
        issuer_code=codes.licence_issuer_code,
        serial=version.certificate.number,
        version=version.version,
    )


def credential_facts(version: CertificateVersion) -> CredentialFacts:
    """Return what the credential says, from what was stored at the issue and the policy of that day."""
    certificate = version.certificate
    policy = policy_on(certificate.issued_at)
    post = policy.exchange.post(version.post_code)
    if post is None:
        raise ValueError(f"The policy of {day_of(certificate.issued_at)} has no post {version.post_code}.")
    return CredentialFacts(
        public_url=settings.PUBLIC_URL,
        number=certificate.number,
        version=version.version,
        licence_identifier=version_licence_identifier(version),
        holder_name=version.holder_name,
        masked_id=version.masked_id,
        post_code=version.post_code,
        post_name_zh=post.zh,
        post_name_en=post.en,
        issuer_zh=policy.province.department.zh,
        issuer_en=policy.province.department.en,
        awarded_at=certificate.issued_at.astimezone(SHANGHAI),
        valid_from=version.issued_at.astimezone(SHANGHAI),
        status_list=version.status_list,
        status_index=version.status_index,
        salt=bytes(version.commitment_salt),
    )


def token_facts(version: CertificateVersion) -> TokenFacts:
    """Return what the token in the QR symbol says; the name is masked."""
    return TokenFacts(
        number=version.certificate.number,
        version=version.version,
        holder=mask_name(version.holder_name),
        post_code=version.post_code,
        issued_on=day_of(version.certificate.issued_at),
        status_list=version.status_list,
        status_index=version.status_index,
    )
