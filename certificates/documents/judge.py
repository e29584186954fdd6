"""Judges an uploaded PDF in a process of its own: what a hostile file costs, it costs there.

A few kilobytes can ask a reader of PDFs for gigabytes, or for years. Run as a module, this reads a line of JSON with the
certificates from its standard input, then the file, and writes what was found.
"""

import json
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from certificates.documents.signing import validate_pdf

MEMORY = 512 << 20  # bytes of address space
SECONDS = 5  # of processor time; a certificate takes a tenth of one, after the half that it takes to begin
PATIENCE = 30  # seconds for all of it, on a machine that has other work
UNREADABLE = "unreadable"


def pdf_judge(
    pdf: bytes, *, trusted: Sequence[x509.Certificate], timestamp_certificates: Sequence[x509.Certificate]
) -> str:
    """Return the `reason` of `validate_pdf`; ``unreadable`` also for a file that asks too much."""
    question = {
        "seconds": SECONDS,
        "trusted": _texts(trusted),
        "timestamp_certificates": _texts(timestamp_certificates),
    }
    try:
        done = subprocess.run(  # noqa: S603, PLW1510 - a fixed command; how it ended is looked at below
            [sys.executable, "-m", __name__],
            input=json.dumps(question).encode() + b"\n" + pdf,
            capture_output=True,
            cwd=Path(__file__).parents[2],
            env={},  # none of the portal's secrets
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired:
        return UNREADABLE
    if done.returncode < 0:  # ended by the kernel
        return UNREADABLE
    done.check_returncode()
    return done.stdout.decode()


def _texts(certificates: Sequence[x509.Certificate]) -> list[str]:
    return [each.public_bytes(Encoding.PEM).decode() for each in certificates]


def _certificates(texts: Sequence[str]) -> list[x509.Certificate]:
    return [x509.load_pem_x509_certificate(text.encode()) for text in texts]


def main() -> None:
    question = json.loads(sys.stdin.buffer.readline())
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (question["seconds"], question["seconds"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    report = validate_pdf(
        sys.stdin.buffer.read(),
        *_certificates(question["trusted"]),
        timestamp_certificates=_certificates(question["timestamp_certificates"]),
    )
    sys.stdout.write(report.reason)


if __name__ == "__main__":
    main()
