"""The issuer's key and certificate: read from settings, checked against each other, ready to sign."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import Any

from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from asn1crypto.tsp import SigningCertificateV2
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID
from pyhanko.sign.attributes import (
    CMSAttributeProvider,
    SignedAttributeProviderSpec,
    SigningCertificateV2Provider,
)
from pyhanko.sign.general import as_signing_certificate_v2
from pyhanko.sign.signers import Signer, SimpleSigner
from pyhanko_certvalidator.registry import SimpleCertificateStore

DEMO_NAME = "演示签发机构 demo issuer"
_DEMO_ORGANIZATION = "证书平台演示专用章"


class IssuerError(ValueError):
    """The issuer's key or certificate cannot be used."""


@dataclass(frozen=True, slots=True)
class Issuer:
    """A signer whose key and certificate belong together.

    ``name`` is what its seal says; ``chain_bytes`` the size of all certificates that a signature carries.
    """

    name: str
    certificate: x509.Certificate
    signer: Signer
    chain_bytes: int
    turn: AbstractContextManager[Any] = field(default_factory=nullcontext)
    """Held while signing: a session with a security module serves one signature at a time."""


def load_issuer(key_pem: str, certificate_pem: str) -> Issuer:
    """The issuer of ``ISSUER_KEY`` and ``ISSUER_CERTIFICATE`` (PEM; a chain may follow the certificate).

    Raises ``IssuerError`` saying which of the two is wrong and how to put it right.
    """
    key = _load_key(key_pem)
    certificate, *chain = certificates = _load_certificates(certificate_pem)
    if certificate.public_key() != key.public_key():
        raise IssuerError(
            "ISSUER_CERTIFICATE was not made for ISSUER_KEY: their public keys differ. Set both from the same pair."
        )
    key_der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    signer = SimpleSigner(
        signing_cert=to_asn1(certificate),
        signing_key=asn1_keys.PrivateKeyInfo.load(key_der),
        cert_registry=_store(chain),
        embed_roots=False,
    )
    return _issuer(signer, certificates)


@dataclass(frozen=True, slots=True)
class SecurityModule:
    """Where a private key is that never leaves its hardware (PKCS#11). ``library`` is the vendor's module."""

    library: str
    token: str
    pin: str
    key: str


def load_module_issuer(module: SecurityModule, certificate_pem: str) -> Issuer:
    """The issuer whose key is in a security module; the chain may follow its certificate.

    Raises ``IssuerError`` when the module, its token or the key cannot be used.
    """
    certificate, *chain = certificates = _load_certificates(certificate_pem)
    return _issuer(_module_signer(module, certificate, chain), certificates, turn=Lock())


def _issuer(signer: Signer, certificates: list[x509.Certificate], **options: Any) -> Issuer:
    signer.signed_attr_prov_spec = _Statement(certificates[0])
    chain_bytes = sum(len(each.public_bytes(Encoding.DER)) for each in certificates)
    return Issuer(_seal_name(certificates[0]), certificates[0], signer, chain_bytes, **options)


class _SignerNamed(SigningCertificateV2Provider):
    """Names the signer's certificate in a signature, by bytes made once.

    The library encodes what it has just built anew at each of its levels, twice or more; of this, the deepest part of a
    signature, that is two thirds of the work.
    """

    def __init__(self, certificate: x509.Certificate) -> None:
        super().__init__(to_asn1(certificate))
        self.encoded = as_signing_certificate_v2(self.signing_cert).dump()

    async def build_attr_value(self, dry_run: bool = False) -> SigningCertificateV2:
        return SigningCertificateV2.load(self.encoded)


class _Statement(SignedAttributeProviderSpec):
    """What a signature at the PAdES baseline states beside the digest: whose it is, and no time of its own."""

    def __init__(self, certificate: x509.Certificate) -> None:
        self.signer_named = _SignerNamed(certificate)

    def signed_attr_providers(self, data_digest: bytes, digest_algorithm: str) -> list[CMSAttributeProvider]:
        return [self.signer_named]


def _module_signer(
    module: SecurityModule, certificate: x509.Certificate, chain: list[x509.Certificate]
) -> Signer:
    try:
        import pkcs11
        from pyhanko.config.pkcs11 import TokenCriteria
        from pyhanko.sign.pkcs11 import PKCS11Signer, open_pkcs11_session
    except ImportError as error:
        raise IssuerError("PKCS11_MODULE is set, but the package python-pkcs11 is not installed.") from error
    try:
        criteria = TokenCriteria(label=module.token)
        session = open_pkcs11_session(module.library, token_criteria=criteria, user_pin=module.pin or None)
        session.get_key(pkcs11.ObjectClass.PRIVATE_KEY, label=module.key)
    except (pkcs11.PKCS11Error, RuntimeError) as error:
        raise IssuerError(
            f"The key {module.key!r} on the token {module.token!r} cannot be used ({type(error).__name__}): "
            "see PKCS11_MODULE, PKCS11_TOKEN, PKCS11_PIN and PKCS11_KEY."
        ) from error
    return PKCS11Signer(
        session,
        signing_cert=to_asn1(certificate),
        ca_chain={to_asn1(each) for each in chain},
        key_label=module.key,
        embed_roots=False,
        use_raw_mechanism=True,  # many modules sign a digest but do not compute one
    )


def create_demo_issuer() -> tuple[str, str]:
    """A new P-256 key and a self-signed certificate for it, both PEM, for the demo and the tests only."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, _DEMO_ORGANIZATION),
            x509.NameAttribute(NameOID.COMMON_NAME, DEMO_NAME),
        ]
    )
    certificate = _self_signed(key, subject)
    key_pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return key_pem.decode(), certificate.public_bytes(Encoding.PEM).decode()


def to_asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    """``certificate`` in the form that the signing library takes."""
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))


def _store(certificates: list[x509.Certificate]) -> SimpleCertificateStore:
    store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    store.register_multiple([to_asn1(each) for each in certificates])
    return store


def _load_key(pem: str) -> ec.EllipticCurvePrivateKey:
    if not pem.strip():
        raise IssuerError("ISSUER_KEY is missing: set it to the issuer's private key (PEM, P-256).")
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError) as error:
        raise IssuerError("ISSUER_KEY is not an unencrypted private key in PEM form.") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise IssuerError("ISSUER_KEY must be an elliptic-curve key on P-256.")
    return key


def _load_certificates(pem: str) -> list[x509.Certificate]:
    if not pem.strip():
        raise IssuerError("ISSUER_CERTIFICATE is missing: set it to the certificate of ISSUER_KEY (PEM).")
    try:
        return x509.load_pem_x509_certificates(pem.encode())
    except ValueError as error:
        raise IssuerError("ISSUER_CERTIFICATE is not a certificate in PEM form.") from error


def _seal_name(certificate: x509.Certificate) -> str:
    """The organisation that the certificate was issued to, else its common name."""
    names = [
        attribute.value
        for oid in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME)
        for attribute in certificate.subject.get_attributes_for_oid(oid)
    ]
    if not names:
        raise IssuerError(
            "ISSUER_CERTIFICATE names nobody: its subject needs an organisation or a common name."
        )
    return str(names[0])


def _self_signed(key: ec.EllipticCurvePrivateKey, subject: x509.Name) -> x509.Certificate:
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # wide enough for any day to which the demo's clock can be moved
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2050, 1, 1, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
