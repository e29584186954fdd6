"""What accounts record (see `portal.events`)."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from portal.events.verbs import register_verbs


@register_verbs
class Verb(TextChoices):
    REGISTERED = "accounts.account.registered", _("Registered")
    REGISTRATION_REPEATED = "accounts.account.registration_repeated", _("Registration tried again")
    CREATED = "accounts.account.created", _("Account created")
    ENDED = "accounts.account.ended", _("Account ended")
    CLOSED = "accounts.account.closed", _("Account closed by its holder")
    NOTICE_ACCEPTED = "accounts.privacy_notice.accepted", _("New version of the privacy notice accepted")
    SIGNED_IN = "accounts.session.started", _("Signed in")
    SIGNED_OUT = "accounts.session.ended", _("Signed out")
    SIGN_IN_REFUSED = "accounts.session.refused", _("Sign-in refused")
    SESSIONS_ENDED = "accounts.session.closed", _("Sessions ended")
    STEPPED_UP = "accounts.session.confirmed", _("Identity confirmed again")
    FACTOR_ADDED = "accounts.factor.added", _("Second factor set up")
    FACTOR_REMOVED = "accounts.factor.removed", _("Second factor removed")
    FACTOR_REFUSED = "accounts.factor.refused", _("Second factor refused")
    RECOVERY_CODES_MADE = "accounts.recovery_codes.made", _("Recovery codes made anew")
    RECOVERY_CODE_USED = "accounts.recovery_code.used", _("Recovery code used")
    ENTRY_ASKED = "accounts.entry.asked", _("Way into an account asked for")
    ENTRY_APPROVED = "accounts.entry.approved", _("Way into an account approved by a second person")
    ENTRY_REFUSED = "accounts.entry.refused", _("Way into an account refused")
    ENTRY_USED = "accounts.entry.used", _("Password set with a code that was handed over")
    IDENTITY_LINKED = "accounts.identity_service.linked", _("Identity service linked")
    IDENTITY_UNLINKED = "accounts.identity_service.unlinked", _("Identity service no longer linked")
    PASSWORD_CHANGED = "accounts.password.changed", _("Password changed")
    PROFILE_UPDATED = "accounts.profile.updated", _("Profile updated")
    PHOTO_REPLACED = "accounts.photo.replaced", _("Photo uploaded")
    ACCESS_REFUSED = "accounts.access.refused", _("Refused: no permission, or not theirs")
    FILE_OPENED = "accounts.person.file_opened", _("File opened by staff")
    IDENTITY_REVEALED = "accounts.identity.revealed", _("Whole ID number shown to staff")
