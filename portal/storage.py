"""Files that hold personal data: encrypted on disk, readable by the portal's own user only, without any address."""

from typing import Any

from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage
from django.utils.deconstruct import deconstructible

from portal import crypto


@deconstructible
class EncryptedStorage(FileSystemStorage):
    """Keeps each file under the keys of the encrypted fields (AES-256-GCM); altered files do not open."""

    def __init__(self) -> None:
        super().__init__(file_permissions_mode=0o600, directory_permissions_mode=0o700)

    def _save(self, name: str, content: Any) -> str:
        saved: str = super()._save(name, ContentFile(crypto.encrypt_bytes(content.read())))  # type: ignore[misc]  # not in the stubs
        return saved

    def _open(self, name: str, mode: str = "rb") -> "File[bytes]":
        with super()._open(name, "rb") as file:  # type: ignore[misc]  # not in the stubs
            return ContentFile(crypto.decrypt_bytes(file.read()), name)
