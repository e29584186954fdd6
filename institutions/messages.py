"""The wording of this room's notices."""

from typing import Any

from django.utils.translation import gettext as _

from portal.notices.services import register_notice


def register_notices() -> None:
    def closed_title(_facts: Any) -> str:
        return _("Your report of a designation was looked into")

    def closed_body(facts: Any) -> str:
        return _("The department found: %(finding)s") % {"finding": facts["finding"]}

    register_notice("institutions.designation_closed", title=closed_title, body=closed_body)
