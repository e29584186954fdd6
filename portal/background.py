"""Work that is left to a worker: asked for once everything is committed, and never at the expense of who asks."""

import logging
from typing import Any

from django.db import transaction

_log = logging.getLogger(__name__)


def ask_worker(task: Any, *arguments: str) -> None:
    """Ask a worker to run the Celery ``task`` as soon as the present transaction is committed, or now without one.

    What was committed stands, whatever becomes of the message: nothing that the broker's client raises reaches the caller.
    Each task asked for in this way needs a job of the schedule that finds its work in the database and asks again.
    """
    transaction.on_commit(lambda: _send(task, arguments))


def _send(task: Any, arguments: tuple[str, ...]) -> None:
    try:
        task.apply_async(arguments, retry=False)
    except Exception:  # noqa: BLE001 - an error of any kind would tell the caller that nothing was committed
        _log.warning("No worker could be asked for %s; the next sweep will", task.name, exc_info=True)
