"""How the background jobs stand: what ran, when each is due next, what failed and where."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from celery import current_app
from django.conf import settings
from django.db.models import QuerySet
from django.utils.functional import Promise

from portal.operations.models import Job, JobFailure

PATIENCE = timedelta(seconds=60)
"""How late a job may be before it counts as overdue."""

_labels: dict[str, "str | Promise"] = {}


def register_job(name: str, label: "str | Promise") -> None:
    """Give a task the words by which operators know it."""
    _labels[name] = label


def job_label(name: str) -> "str | Promise":
    return _labels.get(name, name)


@dataclass(frozen=True, kw_only=True)
class JobState:
    """One kind of work at a moment. ``job`` is None while it never ran; ``every`` while nothing calls it by itself."""

    name: str
    label: "str | Promise"
    job: Job | None
    every: timedelta | None
    now: datetime

    @property
    def next_at(self) -> datetime | None:
        return self.job.started_at + self.every if self.job and self.every else None

    @property
    def state(self) -> str:
        """``failed``, ``overdue`` (the scheduler or every worker is away), ``waiting`` for its first run, or ``done``."""
        if self.job is None:
            return "waiting"
        if self.job.outcome == Job.Outcome.FAILED:
            return "failed"
        return "overdue" if self.next_at and self.now > self.next_at + PATIENCE else "done"


def job_states(now: datetime) -> list[JobState]:
    """Return every task of the portal, those called by the schedule first."""
    jobs = {job.name: job for job in Job.objects.all()}
    every = _intervals()
    own = {name for name in current_app.tasks if not name.startswith("celery.")}
    names = sorted(own | jobs.keys() | every.keys(), key=lambda name: (name not in every, name))
    return [
        JobState(name=name, label=job_label(name), job=jobs.get(name), every=every.get(name), now=now)
        for name in names
    ]


def _intervals() -> dict[str, timedelta]:
    """Return how often each task is called; every entry of the schedule is a number of seconds."""
    entries: dict[str, dict[str, Any]] = settings.CELERY_BEAT_SCHEDULE
    return {entry["task"]: timedelta(seconds=entry["schedule"]) for entry in entries.values()}


def job_failures(name: str = "") -> "QuerySet[JobFailure]":
    """Return failed runs, the newest first."""
    found = JobFailure.objects.order_by("-at", "-pk")
    return found.filter(job_id=name) if name else found
