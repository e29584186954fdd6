"""The machine-readable certificate: a W3C Verifiable Credential 2.0 in the shape of Open Badges 3.0.

Secured as a JWT (W3C VC-JOSE-COSE, ``application/vc+jwt``): the payload is the credential itself, with the registered
claims that Open Badges 3.0 asks for (8.2.3) saying the same again. The same facts and key give the same bytes.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from certificates.credentials.bitstring import status_list_url
from certificates.credentials.jose import CredentialKey, b64encode

TYPE = "vc+jwt"
MEDIA_TYPE = f"application/{TYPE}"
CREDENTIALS_V2 = "https://www.w3.org/ns/credentials/v2"
OPEN_BADGES = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialFacts:
    """What the credential of one version says. Moments carry an offset; ``masked_id`` is the ID as it may be shown."""

    public_url: str
    number: str
    version: int
    licence_identifier: str
    holder_name: str
    masked_id: str
    post_code: str
    post_name_zh: str
    post_name_en: str
    issuer_zh: str
    issuer_en: str
    awarded_at: datetime
    valid_from: datetime
    status_list: int
    status_index: int
    salt: bytes


def credential_sign(facts: CredentialFacts, key: CredentialKey) -> str:
    """Return the credential as a JWT."""
    said = credential(facts)
    claims = {
        "iss": said["issuer"]["id"],
        "jti": said["id"],
        "sub": said["credentialSubject"]["id"],
        "nbf": int(facts.valid_from.timestamp()),
    }
    return key.sign_jwt(said | claims, typ=TYPE, cty="vc")


def credential(facts: CredentialFacts) -> dict[str, Any]:
    """Return the credential before it is signed."""
    address = f"{facts.public_url}/v/{facts.number}"
    return {
        "@context": [CREDENTIALS_V2, OPEN_BADGES, {"@vocab": f"{facts.public_url}/terms#"}],
        "id": f"{address}#version-{facts.version}",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "issuer": {
            "id": facts.public_url,
            "type": ["Profile"],
            "name": facts.issuer_zh,
            "url": facts.public_url,
        },
        "name": f"电子培训合格证 {facts.post_name_zh}",
        "awardedDate": facts.awarded_at.isoformat(timespec="seconds"),
        "validFrom": facts.valid_from.isoformat(timespec="seconds"),
        "credentialSubject": _subject(facts, address),
        "credentialStatus": [_status(facts, purpose) for purpose in ("revocation", "suspension")],
        "licenceIdentifier": facts.licence_identifier,
        "certificateVersion": facts.version,
        "commitmentSalt": b64encode(facts.salt),
    }


def _subject(facts: CredentialFacts, address: str) -> dict[str, Any]:
    return {
        "id": f"{address}#holder",
        "type": ["AchievementSubject"],
        "identifier": [
            _identity("name", facts.holder_name),
            _identity("ext:maskedNationalIdentityNumber", facts.masked_id),
        ],
        "licenseNumber": facts.number,
        "achievement": {
            "id": f"{facts.public_url}/#post-{facts.post_code}",
            "type": ["Achievement"],
            "achievementType": "Certification",
            "humanCode": facts.post_code,
            "name": facts.post_name_zh,
            "description": f"{facts.post_name_en}. Issued by {facts.issuer_en}.",
            "criteria": {"id": f"{facts.public_url}/rules/"},
            "inLanguage": "zh-Hans",
        },
    }


def _identity(kind: str, value: str) -> dict[str, Any]:
    return {"type": "IdentityObject", "hashed": False, "identityHash": value, "identityType": kind}


def _status(facts: CredentialFacts, purpose: str) -> dict[str, str]:
    url = status_list_url(facts.public_url, purpose, facts.status_list)
    return {
        "id": f"{url}#{facts.status_index}",
        "type": "BitstringStatusListEntry",
        "statusPurpose": purpose,
        "statusListIndex": str(facts.status_index),
        "statusListCredential": url,
    }
