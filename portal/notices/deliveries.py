"""The outbox: notices on their way out of the portal, each once through each channel that reaches the person.

A delivery is marked as being sent, and that is committed, before anything leaves; two workers never take the same one
(`SKIP LOCKED`). A channel that says it took nothing is asked again later; where nobody can say, nobody sends again.
"""

import logging
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.utils import translation

from portal import clock
from portal.accounts.models import User
from portal.notices.channels import Channel, Letter, NotDeliveredError, channels
from portal.notices.models import Delivery
from portal.notices.services import wording

log = logging.getLogger(__name__)
State = Delivery.State

WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 720))
"""How long to wait after each failure; after the last one it is given up."""
SILENCE = timedelta(minutes=10)
"""How long a delivery may be under way before its worker is taken for dead."""
AT_ONCE = 20_000
IN_ONE_RUN = 500

_QUEUE = """
WITH going AS (
    UPDATE notices_notice SET goes_out = false
    WHERE id IN (SELECT id FROM notices_notice WHERE goes_out ORDER BY id LIMIT %(most)s FOR UPDATE SKIP LOCKED)
    RETURNING id, person_id
)
INSERT INTO notices_delivery (notice_id, channel, next_try_at)
SELECT going.id, way.channel, %(at)s
FROM going JOIN accounts_person p ON p.id = going.person_id
CROSS JOIN unnest(%(channels)s, %(contacts)s) AS way (channel, contact)
WHERE CASE way.contact WHEN 'email' THEN p.email IS NOT NULL WHEN 'mobile' THEN p.mobile IS NOT NULL END
ON CONFLICT (notice_id, channel) DO NOTHING
"""


def deliveries_queue() -> int:
    """Hand what is to go out over to the channels that reach each person; return how many deliveries that makes."""
    ways = channels()
    facts: dict[str, Any] = {
        "most": AT_ONCE,
        "at": clock.now(),
        "channels": [way.name for way in ways],
        "contacts": [way.contact for way in ways],
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_QUEUE, facts)
        return int(cursor.rowcount)


def deliveries_send(most: int = IN_ONE_RUN) -> int:
    """Send what is due, at most ``most``; return how many were sent."""
    _give_up_the_silent()
    by_name = {channel.name: channel for channel in channels()}
    sent = 0
    for _turn in range(most):
        delivery = _claim(list(by_name))
        if delivery is None:
            break
        sent += _attempt(delivery, by_name[delivery.channel])
    return sent


def _give_up_the_silent() -> None:
    """Nobody knows whether these left; a second message would be worse than the notice in the inbox alone."""
    silent = Delivery.objects.filter(state=State.SENDING, tried_at__lt=clock.now() - SILENCE)
    silent.update(state=State.UNKNOWN, error="interrupted")


@transaction.atomic
def _claim(names: list[str]) -> Delivery | None:
    at = clock.now()
    due = Delivery.objects.filter(state=State.PENDING, next_try_at__lte=at, channel__in=names)
    delivery = due.select_for_update(skip_locked=True).order_by("next_try_at", "pk").first()
    if delivery is not None:
        delivery.state, delivery.tried_at = State.SENDING, at
        delivery.attempts += 1
        delivery.save(update_fields=["state", "tried_at", "attempts"])
    return delivery


def _attempt(delivery: Delivery, channel: Channel) -> bool:
    letter = _letter(delivery, channel, at=clock.now())
    if letter is None:
        return _settle(delivery, State.FAILED, error="no_address")
    try:
        with translation.override(letter.language):
            channel.send(letter)
    except NotDeliveredError as failure:
        return _failed(delivery, failure)
    except Exception:  # whatever it was, the message may have left
        log.exception("Delivery %s by %s ended without an answer.", delivery.pk, channel.name)
        return _settle(delivery, State.UNKNOWN, error="no_answer")
    return _settle(delivery, State.SENT)


def _letter(delivery: Delivery, channel: Channel, *, at: datetime) -> Letter | None:
    notice = delivery.notice
    person = notice.person
    address = getattr(person, channel.contact) if person else None
    if person is None or not address:
        return None
    language = _language(person.pk)
    with translation.override(language):
        title, body = wording(notice)
    return Letter(address=address, title=title, body=body, link=notice.link, language=language, at=at)


def _language(person_id: UUID) -> str:
    user = User.objects.filter(person_id=person_id).only("language").first()
    return user.language if user else settings.LANGUAGE_CODE


def _failed(delivery: Delivery, failure: NotDeliveredError) -> bool:
    if failure.permanent or delivery.attempts > len(WAITS):
        return _settle(delivery, State.FAILED, error=failure.code)
    delivery.next_try_at = clock.now() + WAITS[delivery.attempts - 1]
    return _settle(delivery, State.PENDING, error=failure.code)


def _settle(delivery: Delivery, state: Delivery.State, *, error: str = "") -> bool:
    delivery.state, delivery.error = state, error
    delivery.sent_at = clock.now() if state is State.SENT else None
    delivery.save(update_fields=["state", "error", "sent_at", "next_try_at"])
    return state is State.SENT
