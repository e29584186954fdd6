"""What the background jobs did: one row a job, and one a failure. A job that runs every few seconds fills no table."""

from django.db import models
from django.db.models import F, Q


class Job(models.Model):
    """A kind of background work, by its Celery name: when it last began and ended, how, and how often."""

    class Outcome(models.TextChoices):
        DONE = "done"
        FAILED = "failed"

    name = models.CharField(max_length=100, primary_key=True)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(
        max_length=10, choices=Outcome, blank=True, help_text="Of the last run that ended."
    )
    seconds = models.FloatField(null=True, help_text="How long the last run that ended took.")
    runs = models.PositiveBigIntegerField(default=0)
    failures = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, outcome="", seconds__isnull=True)
                | Q(ended_at__isnull=False, outcome__in=["done", "failed"], seconds__gte=0),
                name="operations_job_ended_somehow",
            ),
            models.CheckConstraint(
                condition=Q(failures__lte=F("runs")), name="operations_job_fails_at_most_as_often_as_it_runs"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class JobFailure(models.Model):
    """A run that failed. Of the error only its kind and its place are kept: its words may hold personal data."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="failed_runs")
    at = models.DateTimeField()
    error = models.CharField(max_length=200, help_text="Kind of the error, and of the one that it came from.")
    place = models.CharField(
        max_length=200, blank=True, help_text="File and line of the portal in which it arose."
    )

    class Meta:
        indexes = [models.Index(fields=["job", "-at"], name="operations_failure_by_job")]

    def __str__(self) -> str:
        return f"{self.job_id} {self.error}"
