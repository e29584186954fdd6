"""What this room records (see `portal.events`)."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from portal.events.verbs import register_verbs


@register_verbs
class Verb(TextChoices):
    REGISTERED = "institutions.institution.registered", _("Institution registered")
    QUALIFIED = "institutions.qualification.granted", _("Institution qualified")
    QUALIFICATION_ENDED = "institutions.qualification.ended", _("Qualification ended")
    QUALIFICATION_SUSPENDED = "institutions.qualification.suspended", _("Qualification suspended")
    CLERK_ASSIGNED = "institutions.clerk.assigned", _("Clerk assigned to an institution")
    DESIGNATION_REPORTED = "institutions.designation.reported", _("Designation of an institution reported")
    DESIGNATION_CLOSED = "institutions.designation.closed", _("Report of a designation closed")
