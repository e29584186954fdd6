"""What forms and notices of accounts say: what is wrong, and what to do."""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal.identity import Problem
from portal.notices.services import register_notice
from portal.policy.parameters import PhotoParameters

_PROBLEMS: dict[str, Promise] = {
    "id_empty": gettext_lazy("Enter your resident ID number."),
    "id_cut_by_spreadsheet": gettext_lazy(
        "The end of this ID number was lost in a spreadsheet. Type all 18 characters from your ID card."
    ),
    "id_characters": gettext_lazy(
        "A resident ID number has 17 digits, then a digit or X. Check for letters such as O or l."
    ),
    "id_check_digit": gettext_lazy(
        "This ID number is not right: the last character does not fit the others. Compare it with your ID card digit by digit."
    ),
    "id_birth_date": gettext_lazy(
        "This ID number holds no real date of birth (digits 7 to 14). Compare it with your ID card."
    ),
    "name_empty": gettext_lazy("Enter your name as on your ID card."),
    "name_characters": gettext_lazy("Enter your name in characters or letters, as on your ID card."),
    "mobile_empty": gettext_lazy("Enter your mobile number."),
    "mobile_format": gettext_lazy("Enter an 11-digit mobile number of the mainland, such as 138 0000 0000."),
    "credit_code_empty": gettext_lazy("Enter the unified social credit code."),
    "credit_code_cut_by_spreadsheet": gettext_lazy(
        "The end of this credit code was lost in a spreadsheet. Type all 18 characters."
    ),
    "credit_code_characters": gettext_lazy(
        "A unified social credit code has no such characters (I, O, S, V and Z are never used)."
    ),
    "credit_code_check_digit": gettext_lazy(
        "This credit code is not right: the last character does not fit the others. Compare it with the business licence."
    ),
}


def problem_text(problem: Problem) -> str:
    """Return what is wrong with a number or name, for the person who typed it."""
    if problem.code == "id_length":
        length = int(problem.params["length"])
        return ngettext(
            "A resident ID number has 18 characters (15 on old cards); this has %(length)d.",
            "A resident ID number has 18 characters (15 on old cards); this has %(length)d.",
            length,
        ) % {"length": length}
    if problem.code == "credit_code_length":
        return _("A unified social credit code has 18 characters; this has %(length)s.") % problem.params
    if problem.code == "name_too_long":
        return _("A name has at most %(limit)s characters.") % problem.params
    return str(_PROBLEMS[problem.code])


def photo_text(code: str, limits: PhotoParameters) -> str:
    """Return why a photo was refused and which one will do."""
    facts = {
        "megabytes": limits.max_bytes // 1024**2,
        "megapixels": limits.max_pixels // 10**6,
        "width": limits.min_width,
        "height": limits.min_height,
    }
    texts = {
        "too_many_bytes": _(
            "The file is larger than %(megabytes)s MB. Choose a smaller photo, or lower the camera's quality."
        ),
        "too_many_pixels": _("The photo has more than %(megapixels)s million pixels. Choose a smaller one."),
        "too_small": _(
            "The photo is too small. It needs at least %(width)s × %(height)s pixels after cutting it to a portrait."
        ),
        "wrong_ratio": _(
            "The photo is too wide or too tall for a portrait. Take one upright, with head and shoulders."
        ),
        "damaged": _(
            "The photo is damaged or was not uploaded completely. Try again, or choose another one."
        ),
        "heic": _(
            "This is a HEIC photo. Set the camera to “Most Compatible” (JPEG), or take a screenshot of the photo."
        ),
        "not_a_photo": _("This is no JPEG or PNG photo. Choose a photo, or take one with the camera."),
        "not_stored": _(
            "The photo is good, but could not be stored just now. Nothing was changed; try again in a few minutes."
        ),
    }
    return texts[code] % facts


_IF_NOT_YOU = gettext_lazy("If it was not you, contact the department at once.")
_NOTICES: dict[str, tuple[Promise, Promise]] = {
    "accounts.registration_repeated": (
        gettext_lazy("Somebody tried to register with your details"),
        gettext_lazy(
            "A registration with your ID number was tried again. Your account is as it was. If it was you: your account "
            "exists already, just sign in. If it was not, nothing is needed; change your password if you fear that "
            "somebody knows it."
        ),
    ),
    "accounts.password.changed": (gettext_lazy("Your password was changed"), _IF_NOT_YOU),
    "accounts.entry.asked": (
        gettext_lazy("Somebody says that you lost your password or second factor"),
        gettext_lazy(
            "A member of staff has seen your papers and asked for a new way into your account; another one decides. If it "
            "was not you who came, contact the department at once."
        ),
    ),
    "accounts.entry.approved": (
        gettext_lazy("Your second factor was taken off and your sessions were ended"),
        gettext_lazy(
            "Two members of staff gave you a new way into your account, by a code that was handed to you. If you do not "
            "know of it, contact the department at once."
        ),
    ),
    "accounts.session.closed": (
        gettext_lazy("All your sessions were ended"),
        gettext_lazy(
            "The reviewer in chief ended them; your account stays open. Ask why, and change your password if somebody "
            "else may know it."
        ),
    ),
    "accounts.token.ending": (
        gettext_lazy("API token “%(name)s” ends on %(until)s"),
        gettext_lazy(
            "The system that uses it is refused from then on. Replace it under “API tokens”: the old one goes on working "
            "for some days while the new one is put in."
        ),
    ),
    "accounts.token.exposed": (
        gettext_lazy("API token “%(name)s” was revoked: it was sent without encryption"),
        gettext_lazy(
            "The system that uses it called an address with http://, so that others could have read the token. Make a new "
            "one, and have the address in that system corrected to https://."
        ),
    ),
    "accounts.factor.added": (gettext_lazy("A second factor was set up for your account"), _IF_NOT_YOU),
    "accounts.factor.removed": (gettext_lazy("A second factor of your account was removed"), _IF_NOT_YOU),
    "accounts.factor.refused": (
        gettext_lazy("Somebody entered your password, but a wrong code"),
        gettext_lazy("If it was not you, somebody knows your password: change it now."),
    ),
    "accounts.recovery_code.used": (
        gettext_lazy("A recovery code of yours was used"),
        gettext_lazy(
            "You have %(left)s left; make new ones under “Sign-in and security”. If it was not you, contact the "
            "department at once."
        ),
    ),
}


def register_notices() -> None:
    for code, (title, body) in _NOTICES.items():
        register_notice(code, title=_told(title), body=_told(body))


def _told(text: Promise) -> Callable[[Mapping[str, Any]], str]:
    return lambda facts: str(text) % facts
