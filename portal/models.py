import uuid

from django.db import models


class SimulatedClock(models.Model):
    """Where simulated time stands (one row, outside production only): ``base`` at database time ``anchor``."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    configured = models.TextField(blank=True)
    base = models.DateTimeField()
    anchor = models.DateTimeField()
    rate = models.SmallIntegerField(default=1)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="portal_simulatedclock_single_row"),
            models.CheckConstraint(
                condition=models.Q(rate__in=[0, 1]), name="portal_simulatedclock_runs_or_stands"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.base:%Y-%m-%d %H:%M}"


class PolicyInUse(models.Model):
    """The values by which the portal decides (one row): a fingerprint of each, so that a change of them is noticed."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    pack = models.CharField(max_length=60)
    values = models.JSONField(help_text="Fingerprint of each value with all its versions, by key.")
    noted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="portal_policyinuse_single_row"),
        ]

    def __str__(self) -> str:
        return self.pack


class Preference(models.Model):
    """How an account wants its pages; who has chosen nothing has no row."""

    user = models.OneToOneField(
        "accounts.User", on_delete=models.CASCADE, primary_key=True, related_name="preference"
    )
    large_display = models.BooleanField()

    def __str__(self) -> str:
        return str(self.user_id)


class SavedFilter(models.Model):
    """A filter of a list that an account has given a name; ``query`` holds codes and words of institutions only."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="saved_filters")
    page = models.CharField(max_length=60, help_text="URL name of the list.")
    name = models.CharField(max_length=40)
    query = models.CharField(max_length=400)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "page", "name"], name="portal_savedfilter_name_once"),
            models.CheckConstraint(condition=~models.Q(name=""), name="portal_savedfilter_has_name"),
        ]

    def __str__(self) -> str:
        return self.name


class Announcement(models.Model):
    """What the department tells everybody, in both languages; one that is taken back stays on record."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    title_zh = models.CharField(max_length=100)
    title_en = models.CharField(max_length=100)
    text_zh = models.TextField(max_length=4000)
    text_en = models.TextField(max_length=4000)
    published_at = models.DateTimeField()
    published_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.ForeignKey("accounts.User", null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(withdrawn_at__isnull=True, withdrawn_by__isnull=True)
                | models.Q(withdrawn_at__gte=models.F("published_at"), withdrawn_by__isnull=False),
                name="portal_announcement_withdrawn_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return self.title_zh
