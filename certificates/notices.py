"""The wording of this room's notices."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from certificates.lifecycle import notices as lifecycle
from certificates.models import ServiceKind
from portal.notices.services import register_notice
from portal.policy.explain import readable

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


def _window(facts: Facts) -> str:
    return _("%(first)s and %(second)s: %(hours)s of %(required)s hours") % {
        "first": facts["labels"][0],
        "second": facts["labels"][1],
        "hours": facts["hours"],
        "required": facts["required"],
    }


def _proposed_body(facts: Facts) -> str:
    until = {"number": facts["number"], "until": readable(facts["until"])}
    way_out = (
        _(
            " Your certificate %(number)s stays valid until two reviewers have decided. You can object, with evidence, until "
            "the end of %(until)s. Hours that you took in time and that are approved late are counted by themselves."
        )
        % until
    )
    if facts["ground"] == "not_engaged":
        found = {"finding": facts["finding"]}
        return (
            _("A reviewer found that you do not work in the post any more (2.1): %(finding)s") % found
            + way_out
        )
    return (
        _("Too few hours of continuing education over two years (2.1). %(window)s.")
        % {"window": _window(facts)}
        + way_out
    )


def _voided_body(facts: Facts) -> str:
    reasons = {
        "hours": _(
            "Certificate %(number)s is void: too few hours of continuing education over two years (2.1)."
        ),
        "not_engaged": _("Certificate %(number)s is void: you do not work in the post any more (2.1)."),
    }
    return reasons[facts["ground"]] % facts + _(
        " For a new one, take the full vocational training for the post again and pass its examination; hours of continuing "
        "education do not bring this one back. If a mistake was made, write to the department: two reviewers can reinstate it."
    )


def _register_voiding() -> None:
    register_notice(
        "certificates.voiding_proposed",
        title=lambda facts: _("Your electronic certificate may become void"),
        body=_proposed_body,
        goes_out=True,
    )
    register_notice(
        "certificates.voiding_withdrawn",
        title=lambda facts: _("Settled: your certificate stays valid"),
        body=lambda facts: (
            _(
                "Late hours have been approved, and the two years are complete. The proposal to make certificate %(number)s "
                "void is withdrawn (2.1)."
            )
            % facts
        ),
        goes_out=True,
    )
    register_notice(
        "certificates.voiding_dismissed",
        title=lambda facts: _("Your certificate stays valid"),
        body=lambda facts: (
            _("The proposal to make certificate %(number)s void was dismissed (2.1).") % facts
            + _reason(facts)
        ),
        goes_out=True,
    )
    register_notice(
        "certificates.voided",
        title=lambda facts: _("Your electronic certificate is void"),
        body=_voided_body,
        goes_out=True,
    )
    register_notice(
        "certificates.reinstated",
        title=lambda facts: (
            _("Your electronic certificate is reinstated, and suspended as before")
            if facts.get("state") == "suspended"
            else _("Your electronic certificate is valid again")
        ),
        body=_reinstated_body,
        goes_out=True,
    )


def _reinstated_body(facts: Facts) -> str:
    text = _("Certificate %(number)s has been reinstated by two reviewers (2.1).") % facts
    if "version" in facts:
        text += _(" Download its version %(version)s: the version before stays void.") % facts
    return text + _reason(facts)


def _exchange_reminder(facts: Facts) -> str:
    return _(
        "Paper certificate %(number)s can be exchanged until the end of %(by)s (1.2). Your list shows what is still missing."
    ) % {**facts, "by": readable(facts["by"])}


def _period_reminder(facts: Facts) -> str:
    return _(
        "Certificate %(number)s: take %(hours)s more hours of continuing education, %(professional_hours)s of them "
        "professional, by %(by)s (%(clause)s). You choose the institution."
    ) % {**facts, "by": readable(facts["by"])}


def _days_left(facts: Facts) -> str:
    days = int(facts["days_left"])
    return (
        ngettext("%(days)s day left", "%(days)s days left", days) % {"days": days}
        if days
        else _("The last day")
    )


def _register_reminders() -> None:
    register_notice(
        "certificates.exchange_reminder",
        title=lambda facts: _("%(days)s: exchange your certificate") % {"days": _days_left(facts)},
        body=_exchange_reminder,
        goes_out=True,
    )
    register_notice(
        "certificates.period_reminder",
        title=lambda facts: _("%(days)s: continuing education") % {"days": _days_left(facts)},
        body=_period_reminder,
        goes_out=True,
    )


def register() -> None:
    lifecycle.register()
    _register_voiding()
    _register_reminders()
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
