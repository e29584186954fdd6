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
        ]

    def __str__(self) -> str:
        return self.code
