from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from portal.events.verbs import register_verbs


@register_verbs
class Verb(TextChoices):
    UPLOADED = "education.batch.uploaded", _("Batch uploaded")
    CHECKED = "education.batch.checked", _("Batch checked")
    FAILED = "education.batch.failed", _("File of the batch could not be read")
    RECHECK = "education.batch.recheck", _("Batch sent to another check")
    SUBMITTED = "education.batch.submitted", _("Batch submitted")
    REFUSED = "education.batch.refused", _("Submission of the batch refused")
    APPROVED = "education.batch.approved", _("Batch approved, hours credited")
    RETURNED = "education.batch.returned", _("Batch returned to the institution")
    AGREED = "education.batch.agreed", _("Batch agreed to by the first of two reviewers")
    CANCELLED = "education.batch.cancelled", _("Check of the batch called off")
    ROW_REFUSED = "education.batch.row_refused", _("Row of the batch refused")
    ROW_ACCEPTED = "education.batch.row_accepted", _("Refusal of a row taken back")
    REVERSAL_PROPOSED = "education.batch.reversal_proposed", _("Reversal of the batch proposed")
    REVERSAL_DISMISSED = "education.batch.reversal_dismissed", _("Reversal of the batch dismissed")
    REVERSED = "education.batch.reversed", _("Approval of the batch reversed, hours taken back")
    DELIVERED = "education.delivery.answered", _("Delivery answered by the national system")
    ENTERED = "education.half_month.entered", _("Half-month marked as entered in the national system")
    ENTRY_REFUSED = "education.record.entry_refused", _("Record refused by the national system")
    EXPORTED = "education.half_month.exported", _("Records for the national system taken along")
    MARKED = "education.records.entered", _("Records marked as entered in the national system")
    SENT_AGAIN = "education.delivery.sent_again", _("Rejected delivery sent again")
    CLAIMED = "education.claim.made", _("Course claimed before it was reported")
    CLAIM_WITHDRAWN = "education.claim.withdrawn", _("Claim of a course taken back")
