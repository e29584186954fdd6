"""What the portal tells people. The text is made from code and facts when it is read, in the reader's language."""

from django.db import models

from portal.accounts.models import Person, User


class Notice(models.Model):
    """A message to a person (who may register only later) or to a staff account."""

    person = models.ForeignKey(Person, null=True, on_delete=models.CASCADE, related_name="notices")
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="notices")
    code = models.CharField(max_length=80)
    facts = models.JSONField(default=dict)
    link = models.CharField(max_length=200, blank=True, default="", db_default="")
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    once_key = models.CharField(max_length=120, null=True, unique=True)
    goes_out = models.BooleanField(
        default=False, db_default=False, help_text="Still to be handed to the channels that leave the portal."
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(person__isnull=False, user__isnull=True)
                | models.Q(person__isnull=True, user__isnull=False),
                name="notices_notice_one_recipient",
            )
        ]
        indexes = [
            models.Index(fields=["person", "-at"], name="notices_notice_by_person"),
            models.Index(fields=["user", "-at"], name="notices_notice_by_user"),
            models.Index(fields=["id"], condition=models.Q(goes_out=True), name="notices_notice_going_out"),
        ]

    def __str__(self) -> str:
        return self.code


class Delivery(models.Model):
    """A notice on its way through one channel. `sending` is committed before anything leaves, so it leaves once.

    Where the process died between sending and saying so, nobody knows: that ends as `unknown`, never as a second message.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        SENDING = "sending"
        SENT = "sent"
        FAILED = "failed"
        UNKNOWN = "unknown"

    notice = models.ForeignKey(Notice, on_delete=models.CASCADE, related_name="deliveries")
    channel = models.CharField(max_length=20)
    state = models.CharField(max_length=10, choices=State, default=State.PENDING, db_default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    next_try_at = models.DateTimeField()
    tried_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    error = models.CharField(
        max_length=40, blank=True, default="", db_default="", help_text="A code, no text of others."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["notice", "channel"], name="notices_delivery_once_a_channel"),
            models.CheckConstraint(
                condition=models.Q(state="sent", sent_at__isnull=False)
                | (models.Q(state__in=["pending", "sending", "failed", "unknown"], sent_at__isnull=True)),
                name="notices_delivery_sent_at_some_time",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_try_at"], condition=models.Q(state="pending"), name="notices_delivery_due"
            ),
            models.Index(
                fields=["tried_at"], condition=models.Q(state="sending"), name="notices_delivery_under_way"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.state}"
