"""The credential inside a certificate's PDF."""

from io import BytesIO

from pyhanko.pdf_utils.reader import PdfFileReader

from certificates.documents.render import ATTACHMENT


class NoCredentialError(ValueError):
    """The file carries no credential, or cannot be read."""


def attached_credential(pdf: bytes) -> str:
    """Return the credential (a JWT, not yet verified) that ``pdf`` carries; raise `NoCredentialError` without one."""
    try:
        for reference in PdfFileReader(BytesIO(pdf)).root["/AF"]:
            embedded = reference.get_object()
            if embedded["/F"] == ATTACHMENT:
                return bytes(embedded["/EF"]["/F"].data).decode("ascii")
    except Exception as error:
        raise NoCredentialError("The file is no certificate of this portal, or is damaged.") from error
    raise NoCredentialError("The file carries no credential.")
