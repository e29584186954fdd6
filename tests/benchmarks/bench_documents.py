"""Certificates set and signed, against the bare limits of the same run: ``python -m tests.benchmarks.bench_documents``.

Needs no database. Rates are per second of processor time of this process, so one core. Contents differ from one
certificate to the next, as they do in life: nothing is compiled twice.
"""

import json
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import typst
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from certificates.credentials.open_badge import credential_sign
from certificates.credentials.token import token_read, token_sign
from certificates.documents import render
from certificates.documents.content import CertificateContent
from certificates.documents.fonts import typst_fonts
from certificates.documents.issuer import create_demo_issuer, load_issuer
from certificates.documents.qr import draw_qr, scan_address, verification_address
from certificates.documents.signing import sign_pdf
from portal.policy.numbering import number_pattern
from tests.certificates.document_samples import (
    PORTAL,
    certificate_content,
    credential_facts,
    portrait,
    sample_key,
    token_facts,
)

PATTERN = number_pattern("{issuer}{year}{post}{sequence:6}{check:mod_11_10}")
COUNT = 60
ROUNDS = 3
SIGNED_AT = datetime(2020, 12, 28, 1, tzinfo=UTC)
FAMILY, GIVEN = "林王李陈黄吴符郑周张", "海明生芳华伟丽强文玉春秋"


@dataclass(frozen=True)
class Measure:
    """One line of the result; ``ratio`` is to the bare limit of this run."""

    name: str
    per_second: float
    ratio: float | None = None
    target: str = ""


def contents(start: int, count: int = COUNT) -> list[CertificateContent]:
    return [_content(sequence) for sequence in range(start, start + count)]


def _content(sequence: int) -> CertificateContent:
    number = PATTERN.number(issuer="46", year=2020, post="101", sequence=sequence)
    address = verification_address(PORTAL, number)
    name = FAMILY[sequence % 10] + GIVEN[sequence % 12] + GIVEN[sequence // 12 % 12]
    token = token_sign(token_facts(number=number, holder=name[:1] + "**"), sample_key())
    credential = credential_sign(credential_facts(number=number, holder_name=name), sample_key())
    return certificate_content(
        number=number,
        holder_name=name,
        verify_url=address,
        qr_payload=scan_address(PORTAL, number, token),
        credential=credential,
    )


def rate(work: Callable[[Any], object], items: list[Any]) -> float:
    started = time.process_time()
    for item in items:
        work(item)
    return len(items) / (time.process_time() - started)


def prepared(content: CertificateContent) -> dict[str, bytes]:
    """All that the compiler takes, made beforehand: what is left is the bare limit."""
    return {
        **render._templates(),
        "content.json": render._variables(content),
        render.ATTACHMENT: content.credential.encode(),
        "photo.svg": render._photo(content.photo),
        "qr.svg": draw_qr(content.qr_payload),
    }


def bare_typst(sources: Any) -> bytes:
    return typst.compile(
        sources,
        font_paths=typst_fonts(),
        ignore_system_fonts=True,
        pdf_standards="a-3b",
        pdf_tags=False,
        timestamp=0,
    )


def measure() -> list[Measure]:
    """Medians of rounds in which limit and work take turns, so that both meet the same machine."""
    issuer = load_issuer(*create_demo_issuer())
    key = ec.generate_private_key(ec.SECP256R1())
    rates: dict[str, list[float]] = {}
    start = 1
    for _ in range(ROUNDS):
        first, second, third = (contents(start + index * COUNT) for index in range(3))
        start += 3 * COUNT
        documents = [render.render_certificate(content) for content in third]
        for name, work, items in (
            ("typst alone, QR symbol given", bare_typst, [prepared(content) for content in first]),
            ("certificate, photo and QR symbol", render.render_certificate, second),
            ("QR symbol", lambda content: draw_qr(content.qr_payload), first),
            ("P-256 alone", lambda pdf: key.sign(pdf, ec.ECDSA(hashes.SHA256())), documents),
            (
                "token signed",
                lambda content: token_sign(token_facts(number=content.number), sample_key()),
                first,
            ),
            (
                "token verified",
                lambda content: token_read(content.qr_payload, {sample_key().kid: sample_key().jwk}),
                first,
            ),
            (
                "credential signed",
                lambda content: credential_sign(credential_facts(number=content.number), sample_key()),
                first,
            ),
            (
                "signature over a certificate",
                lambda pdf: sign_pdf(pdf, issuer, signed_at=SIGNED_AT),
                documents,
            ),
            (
                "certificate, set and signed",
                lambda content: sign_pdf(render.render_certificate(content), issuer, signed_at=SIGNED_AT),
                contents(start),
            ),
        ):
            rates.setdefault(name, []).append(rate(work, items))
        start += COUNT
    medians = {name: statistics.median(values) for name, values in rates.items()}
    bare = medians["typst alone, QR symbol given"]
    return [
        Measure("typst alone, QR symbol given", bare),
        Measure("certificate, photo and QR symbol", medians["certificate, photo and QR symbol"],
                medians["certificate, photo and QR symbol"] / bare, "≥ 0.8"),
        Measure("QR symbol", medians["QR symbol"], medians["QR symbol"] / bare, "not the bottleneck"),
        Measure("P-256 alone", medians["P-256 alone"]),
        *(
            Measure(name, medians[name], medians[name] / medians["P-256 alone"])
            for name in ("token signed", "token verified", "credential signed")
        ),
        Measure("signature over a certificate", medians["signature over a certificate"]),
        Measure("certificate, set and signed", medians["certificate, set and signed"],
                medians["certificate, set and signed"] / bare, "≥ 35 a second, ≤ 65 KB"),
    ]  # fmt: skip


def main() -> None:
    for content in contents(900_000, 5):  # fonts and templates are read once a process
        render.render_certificate(content)
    for line in measure():
        ratio = f"{line.ratio:6.2f} ×" if line.ratio else "        "
        print(f"{line.name:36} {line.per_second:10.1f} /s {ratio}  {line.target}")
    issuer = load_issuer(*create_demo_issuer())
    signed = len(sign_pdf(render.render_certificate(certificate_content()), issuer, signed_at=SIGNED_AT))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({"signed_bytes": signed, "of_which_photo": len(portrait()), "peak_mebibytes": peak}))


if __name__ == "__main__":
    main()
