"""The Celery application: worker and beat start from here (see ``portal/runtime/commands.py``)."""

import os
from typing import Any

from celery import Celery
from celery.beat import PersistentScheduler
from django.conf import settings

from portal.runtime.commands import beat_heartbeat

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


class Beat(PersistentScheduler):
    """The scheduler, with a sign of life on disk: a beat that hangs sends nothing, and nobody would notice."""

    max_interval = 5  # seconds between two signs of life at most

    def tick(self, *args: Any, **kwargs: Any) -> float:
        seconds: float = super().tick(*args, **kwargs)
        path = beat_heartbeat(settings.VAR_DIR)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        return seconds
