"""Files that take longer to make than anybody waits for an answer: a worker makes them, their asker fetches them."""

import uuid

from django.core.cache import cache
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from redis.exceptions import RedisError

from portal.accounts.models import User
from portal.storage import EncryptedStorage


def download_path(download: "Download", _filename: str) -> str:
    """Where the file lies: the same place at every try, so that a try that was cut off leaves nothing behind."""
    return f"downloads/{download.id.hex[:2]}/{download.id.hex}"


class Download(models.Model):
    """A file made for one account, and kept for a day. Whoever works on it holds its row locked."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Being made")
        READY = "ready", _("Ready")
        FAILED = "failed", _("Could not be made")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=40)
    subject = models.CharField(max_length=80, help_text="Identifier of what the file is about.")
    version = models.CharField(max_length=80, help_text="Changes when the content would be another.")
    language = models.CharField(max_length=10)
    asked_by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="downloads")
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    ready_at = models.DateTimeField(null=True)
    file = models.FileField(upload_to=download_path, storage=EncryptedStorage(), blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["asked_by", "kind", "subject", "version", "language"], name="downloads_download_once"
            ),
            models.CheckConstraint(
                condition=Q(state="ready", ready_at__isnull=False) & ~Q(file="")
                | ~Q(state="ready") & Q(ready_at__isnull=True, file=""),
                name="downloads_download_ready_with_a_file",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"

    @property
    def percent(self) -> int:
        """How much of it is made. Kept in the shared cache; one that is away costs the bar and nothing more."""
        try:
            return int(cache.get(self._key) or 0)
        except (RedisError, OSError):
            return 0

    def note(self, done: int, of: int) -> None:
        """Say how much of it is made."""
        try:
            cache.set(self._key, min(99, 100 * done // max(1, of)), 600)
        except (RedisError, OSError):
            return

    @property
    def _key(self) -> str:
        return f"download:{self.id.hex}"
