"""The ways by which a notice leaves the portal. `NOTICE_CHANNELS` lists the classes that a deployment uses.

A channel of one's own, such as a province's SMS gateway, is a class with the two names and the one method of `Channel`.
No channel is given an ID number, and none may log an address or a number in the clear.
"""

import fcntl
import json
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from smtplib import SMTPRecipientsRefused, SMTPResponseException
from typing import Literal, Protocol

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from portal.masking import mask_mobile


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A notice in words, for one person; ``address`` is what the channel's ``contact`` holds."""

    address: str
    title: str
    body: str
    link: str
    language: str
    at: datetime


class NotDeliveredError(Exception):
    """Nothing was handed over. ``code`` is kept and shown to operators; a permanent failure is not tried again.

    A channel that cannot tell whether the message left raises anything else: then it is never sent a second time.
    """

    def __init__(self, code: str, *, permanent: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.permanent = permanent


class Channel(Protocol):
    """One way out: its name in the outbox, which of a person's contacts it needs, and how it hands a letter over."""

    name: str
    contact: Literal["email", "mobile"]

    def send(self, letter: Letter) -> None:
        """Hand the letter over, once; raise `NotDeliveredError` when it was certainly not taken."""


class EmailChannel:
    """E-mail through Django's backend (``EMAIL_…`` settings)."""

    name = "email"
    contact: Literal["email"] = "email"

    def send(self, letter: Letter) -> None:
        text = f"{letter.body}\n\n{settings.PUBLIC_URL}{letter.link}\n"
        server = get_connection()
        message = EmailMessage(
            letter.title,
            text,
            to=[letter.address],
            headers={"Content-Language": letter.language},
            connection=server,
        )
        try:
            server.open()
        except OSError as error:
            raise NotDeliveredError("mail_server_away") from error
        try:
            message.send()
        except SMTPRecipientsRefused as error:
            raise NotDeliveredError("address_refused", permanent=True) from error
        except SMTPResponseException as error:
            raise NotDeliveredError(f"smtp_{error.smtp_code}", permanent=error.smtp_code >= 500) from error
        finally:
            server.close()


class FileSmsChannel:
    """Writes each message as a line of JSON to ``var/outbox/sms.log``, the number masked: the demo's telephone network."""

    name = "sms"
    contact: Literal["mobile"] = "mobile"

    def send(self, letter: Letter) -> None:
        line = {"at": letter.at.isoformat(), "to": mask_mobile(letter.address), "text": sms_text(letter)}
        path = settings.VAR_DIR / "outbox" / "sms.log"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="utf-8") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
        except OSError as error:
            raise NotDeliveredError("disk") from error


def sms_text(letter: Letter) -> str:
    """Return the text of a short message: who writes, what it is, what to do. Without a link: nobody should tap one."""
    return _("[%(portal)s] %(title)s. %(body)s") % {
        "portal": _("Certificate portal"),
        "title": letter.title,
        "body": letter.body,
    }


@lru_cache(maxsize=4)
def _load(paths: tuple[str, ...]) -> tuple[Channel, ...]:
    return tuple(import_string(path)() for path in paths)


def channels() -> tuple[Channel, ...]:
    """Return the channels of this deployment."""
    return _load(tuple(settings.NOTICE_CHANNELS))
