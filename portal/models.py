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
