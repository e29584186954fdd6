"""What else happens when hours are credited, or taken back. This room knows no certificate: whoever does registers here at the start."""

from collections.abc import Callable
from datetime import datetime

from education.models import Batch
from portal.events.services import Actor

Listener = Callable[[Batch, datetime, Actor], None]
_listeners: list[Listener] = []


def on_credited(listener: Listener) -> Listener:
    """Call `listener` inside each transaction that credits a batch or takes its hours back: when, and by whom."""
    _listeners.append(listener)
    return listener


def batch_credited(batch: Batch, *, at: datetime, by: Actor) -> None:
    for listener in _listeners:
        listener(batch, at, by)
