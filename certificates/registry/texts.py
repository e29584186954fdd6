"""Problems of a registry row in words: what is wrong, and how to put it right."""

from django.utils.translation import gettext_lazy as _

from portal.identity import Problem
from portal.tables.messages import Explanation, describe

_WORDS = {
    "issued_in_future": (_("The date of issue has not come yet."), _("Compare it with the certificate.")),
    "expires_before_issue": (
        _("The certificate would expire before it was issued."),
        _("Compare both dates with the certificate; perhaps they changed places."),
    ),
    "number_twice_in_file": (
        _("Another row has the same certificate number but says something else: %(rows)s."),
        _("Find out which row is right and delete the other; until then none of them is taken in."),
    ),
    "certificate_exchanged": (
        _(
            "The certificate was exchanged for an electronic one, and the row says something else than the portal (1.3)."
        ),
        _("Nothing was changed. If the row is right, the electronic certificate has to be corrected."),
    ),
    "certificate_void": (
        _("The certificate is void in the portal, and the row says something else than the portal."),
        _("Nothing was changed. If the row is right, the department decides on the certificate anew."),
    ),
    "holder_differs": (
        _(
            "The portal knows this certificate as that of another ID number, whose holder has used the portal already."
        ),
        _("Compare the ID number with the files. Nothing was changed."),
    ),
    "corrected_in_portal": (
        _(
            "A service approved in the portal changed name, employer or validity; the row still says otherwise (3.2)."
        ),
        _("What was approved stays, all else in the row was taken in. Correct the row in the registry."),
    ),
}


def explain(problem: Problem) -> Explanation:
    """Return the problem of a row or cell in the active language."""
    if problem.code not in _WORDS:
        return describe(problem)
    message, fix = _WORDS[problem.code]
    return Explanation(str(message) % problem.params, str(fix) % problem.params)
