"""Reading pages as people do."""

import re
from html import unescape

from django.test import Client

from portal.accounts.models import Role
from tests import factories

ID_NUMBER = re.compile(r"\d{6}(19|20)\d{9}[\dXx]")


def browser(user):
    client = Client()
    client.force_login(user)
    return client


def staff_browser(role, **values):
    return browser(factories.staff(Role(role), **values))


def content_of(answer):
    return (b"".join(answer.streaming_content) if answer.streaming else answer.content).decode()


def text_of(answer):
    """What a page that answers 200 shows, as one line."""
    assert answer.status_code == 200, answer.status_code
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", content_of(answer))))
