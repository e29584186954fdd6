"""The wording of what holders are told about suspension, revocation and correction."""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from certificates.lifecycle.models import MeasureReason
from portal.notices.services import register_notice

Facts = Mapping[str, Any]


def _why(facts: Facts) -> str:
    reason = {"reason": MeasureReason(facts["why"]).label, "text": facts["text"]}
    return _(" Reason: %(reason)s. %(text)s") % reason


def _suspended(facts: Facts) -> str:
    text = (
        _("Certificate %(number)s is suspended: it must not be relied on until the suspension is lifted.")
        % facts
    )
    return text + _why(facts) + _(" If this is wrong, write to the department.")


def _lifted(facts: Facts) -> str:
    return _("Certificate %(number)s is valid again.") % facts + _why(facts)


def _revoked(facts: Facts) -> str:
    text = _("Certificate %(number)s is revoked and void from now on; two reviewers decided it.") % facts
    return text + _why(facts) + _(" You can ask for an administrative review.")


def _corrected(facts: Facts) -> str:
    text = _(
        "Certificate %(number)s has a new version with the same number. Download it: the version before is superseded and "
        "is shown as such to whoever checks it."
    )
    return text % facts + _why(facts)


def register() -> None:
    wordings: dict[str, tuple[Callable[[Facts], str], Callable[[Facts], str]]] = {
        "suspended": (lambda facts: _("Your electronic certificate is suspended"), _suspended),
        "lifted": (lambda facts: _("The suspension of your certificate is lifted"), _lifted),
        "revoked": (lambda facts: _("Your electronic certificate is revoked"), _revoked),
        "corrected": (lambda facts: _("Your electronic certificate was corrected"), _corrected),
    }
    for code, (title, body) in wordings.items():
        register_notice(f"certificates.{code}", title=title, body=body, goes_out=True)
