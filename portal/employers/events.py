from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from portal.events.verbs import register_verbs


@register_verbs
class Verb(TextChoices):
    REGISTERED = "employers.employer.registered", _("Employer registered")
    INVITED = "employers.invitation.sent", _("Workers invited by an employer")
    CANCELLED = "employers.invitation.cancelled", _("Invitation taken back")
    CONSENTED = "employers.consent.given", _("Consented that an employer sees the certificates")
    DECLINED = "employers.consent.declined", _("Declined an employer’s invitation")
    WITHDRAWN = "employers.consent.withdrawn", _("Consent for an employer withdrawn")
    EXPORTED = "employers.workers.exported", _("Employer took a list of its workers along")
