"""The wording of this room's notices."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from certificates.models import ServiceKind
from portal.notices.services import register_notice

Facts = Mapping[str, Any]


def _service(facts: Facts) -> str:
    return str(ServiceKind(facts["service"]).label)


def _decided_title(facts: Facts) -> str:
    if facts["outcome"] == "approved":
        return _("%(service)s approved") % {"service": _service(facts)}
    return _("%(service)s refused") % {"service": _service(facts)}


def _reason(facts: Facts) -> str:
    return _(" Reason: %(reason)s") % facts if facts.get("reason") else ""


def _archive_body(facts: Facts) -> str:
    if facts["outcome"] == "confirmed":
        return _("The files confirm certificate %(number)s. The check on your list is done.") % facts
    return _(
        "The files do not confirm certificate %(number)s, so it cannot be exchanged (1.1)."
    ) % facts + _reason(facts)


def _paper_body(facts: Facts) -> str:
    if facts.get("expires_on"):
        return (
            _(
                "The exchange closed after %(closes)s (1.2). Your paper certificate %(number)s was not exchanged. "
                "It stays usable until %(expires_on)s (3.1b)."
            )
            % facts
        )
    return (
        _(
            "The exchange closed after %(closes)s (1.2). Your paper certificate %(number)s was not exchanged. "
            "It stays usable within its own validity (3.1b)."
        )
        % facts
    )


def register() -> None:
    register_notice(
        "certificates.exchanged",
        title=lambda facts: _("Your electronic certificate is ready"),
        body=lambda facts: (
            _(
                "Number %(number)s was issued. At the same moment your paper certificate %(paper)s became void (1.3). "
                "Continuing education is due from next year: see what you owe on your page (2.1)."
            )
            % facts
        ),
    )
    register_notice(
        "certificates.archive_decided",
        title=lambda facts: _("Your archive check is decided"),
        body=_archive_body,
    )
    register_notice(
        "certificates.archive_ended",
        title=lambda facts: _("Your archive check has ended"),
        body=lambda facts: (
            _(
                "The exchange closed after %(closes)s (1.2), before the check of certificate %(number)s was decided. "
                "The paper certificate stays usable within its own validity (3.1b)."
            )
            % facts
        ),
    )
    register_notice(
        "certificates.service_decided",
        title=_decided_title,
        body=lambda facts: (
            _("This concerns your paper certificate %(number)s (3.2).") % facts + _reason(facts)
        ),
    )
    register_notice(
        "certificates.service_ended",
        title=lambda facts: _("%(service)s: your request has ended") % {"service": _service(facts)},
        body=lambda facts: (
            _(
                "Services for paper certificates ended after %(closes)s (3.2). Your request for certificate %(number)s was "
                "still open and can no longer be carried out."
            )
            % facts
        ),
    )
    register_notice(
        "certificates.paper_stays_usable",
        title=lambda facts: _("Your paper certificate stays usable"),
        body=_paper_body,
    )
