"""The wording of this room's notices."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from portal.notices.services import register_notice


def register_notices() -> None:
    register_notice(
        "employers.invited",
        title=lambda facts: _("%(employer)s asks to see your certificates") % {"employer": facts["employer"]},
        body=lambda _facts: _(
            "You decide. Without your consent it sees nothing of you, and a consent can be withdrawn."
        ),
    )
    register_notice("employers.consent_ended", title=_ended_title, body=_ended_body)


def _ended_title(_facts: Any) -> str:
    return _("A worker withdrew the consent")


def _ended_body(facts: Mapping[str, str]) -> str:
    text = _("%(name)s no longer lets you see the certificates. They left your list at once.")
    return text % {"name": facts["name"]}
