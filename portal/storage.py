"""Files that hold personal data: encrypted on disk, readable by the portal's own user only, without any address."""

from typing import Any

from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage
from django.utils.deconstruct import deconstructible

from portal import crypto


@deconstructible
class EncryptedStorage(FileSystemStorage):
    """Keeps each file under the keys of the encrypted fields (AES-256-GCM); altered files do not open.

    ``plain`` is how a file begins that was kept in the clear before its field was encrypted: it still opens, until
    `manage.py rotate_keys` has encrypted it.
    """

    def __init__(self, plain: str = "") -> None:
        super().__init__(file_permissions_mode=0o600, directory_permissions_mode=0o700)
        self._plain = plain.encode("latin-1")

    def is_plain(self, stored: bytes) -> bool:
        """Tell whether what lies on disk was written before the field was encrypted."""
        return bool(self._plain) and stored.startswith(self._plain)

    def reveal(self, stored: bytes) -> bytes:
        """Return the content of what lies on disk; raises `crypto.UnreadableFieldError` when it was altered."""
        return stored if self.is_plain(stored) else crypto.decrypt_bytes(stored)

    def _save(self, name: str, content: Any) -> str:
        saved: str = super()._save(name, ContentFile(crypto.encrypt_bytes(content.read())))  # type: ignore[misc]  # not in the stubs
        return saved

    def _open(self, name: str, mode: str = "rb") -> "File[bytes]":
        with super()._open(name, "rb") as file:  # type: ignore[misc]  # not in the stubs
            return ContentFile(self.reveal(file.read()), name)
