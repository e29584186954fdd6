"""Model fields of the kernel."""

from typing import Any

from django.db import models

from portal import crypto


class EncryptedTextField(models.BinaryField):  # type: ignore[type-arg]
    """Text that the database only ever sees encrypted. Look it up through a blind-index column beside it."""

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> str | None:
        return None if value is None else crypto.decrypt(bytes(value))

    def to_python(self, value: Any) -> Any:
        return value

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        stored = crypto.encrypt(value) if isinstance(value, str) else value
        return super().get_db_prep_value(stored, connection, prepared)

    def value_to_string(self, obj: models.Model) -> str:
        raise TypeError("An encrypted field is never serialised in the clear.")
