"""The reviewer's inbox knows no room: each room registers its queues of work here when the portal starts."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise


@dataclass(frozen=True)
class QueueState:
    """How many pieces of work wait, and since when the oldest does."""

    waiting: int
    oldest: datetime | None


@dataclass(frozen=True)
class WorkQueue:
    """One kind of work: its name, the page that lists it (a URL name), and how it stands."""

    code: str
    label: "str | Promise"
    url_name: str
    state: Callable[[], QueueState]


_queues: dict[str, WorkQueue] = {}


def register_queue(queue: WorkQueue) -> None:
    _queues[queue.code] = queue


def work_queues() -> list[WorkQueue]:
    return list(_queues.values())


def queues_by_age(now: datetime) -> list[tuple[WorkQueue, QueueState]]:
    """Return every queue with how it stands, the one whose work has waited longest first."""
    queues = [(queue, queue.state()) for queue in work_queues()]
    return sorted(queues, key=lambda pair: (pair[1].oldest or now, str(pair[0].label)))
