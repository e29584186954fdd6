"""What happened, who did it and why: written once, never changed, never read back to drive a feature."""

from django.db import models


class Event(models.Model):
    """One line of history. Holds no foreign key to live rows, so it outlives them.

    ``verb`` is a namespaced code (``certificates.exchange.completed``) whose text the room that owns it provides;
    ``data`` holds the facts (a decision whole, masked values), never an identifying number in the clear.
    """

    class Means(models.TextChoices):
        WEB = "web"
        API = "api"
        JOB = "job"
        COMMAND = "command"

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    verb = models.CharField(max_length=80)
    actor_id = models.UUIDField(null=True)
    actor_role = models.CharField(max_length=20, blank=True)
    means = models.CharField(max_length=10, choices=Means)
    subject_kind = models.CharField(max_length=40)
    subject_id = models.CharField(max_length=60)
    person_id = models.UUIDField(null=True)
    data = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["subject_kind", "subject_id", "id"], name="events_event_by_subject"),
            models.Index(fields=["person_id", "id"], name="events_event_by_person"),
            models.Index(fields=["verb", "id"], name="events_event_by_verb"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(means__in=["web", "api", "job", "command"]),
                name="events_event_means_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.verb}"
