from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from portal.events.verbs import register_verbs


@register_verbs
class Verb(TextChoices):
    REGISTRY_IMPORTED = "certificates.registry.imported", _("Registry file imported")
    REGISTRY_UPDATED = "certificates.registry.updated", _("Registry entry updated")
    EXCHANGED = "certificates.exchange.completed", _("Paper certificate exchanged for an electronic one")
    EXCHANGE_REFUSED = "certificates.exchange.refused", _("Exchange refused")
    DOCUMENT_RENDERED = "certificates.document.rendered", _("Certificate document made")
    ARCHIVE_REQUESTED = "certificates.archive.requested", _("Archive check asked for")
    ARCHIVE_PAPERS_SEEN = "certificates.archive.papers_seen", _("Original papers seen at the archive desk")
    ARCHIVE_DECIDED = "certificates.archive.decided", _("Archive check decided")
    ARCHIVE_ENDED = "certificates.archive.ended", _("Archive check ended with the window")
    SERVICE_REQUESTED = "certificates.service.requested", _("Service for a paper certificate asked for")
    SERVICE_REFUSED = "certificates.service.request_refused", _("Request for a service refused")
    SERVICE_DECIDED = "certificates.service.decided", _("Service for a paper certificate decided")
    SERVICE_ENDED = "certificates.service.ended", _("Service request ended with the window")
    WINDOW_CLOSED = "certificates.window.closed", _("Exchange window closed")
    VOIDING_PROPOSED = "certificates.voiding.proposed", _("Proposed to make the electronic certificate void")
    VOIDING_OBJECTED = "certificates.voiding.objected", _("Holder objected")
    VOIDING_CONFIRMED = "certificates.voiding.confirmed", _("Confirmed by the first reviewer")
    VOIDING_APPROVED = "certificates.voiding.approved", _("Approved by the second reviewer: certificate void")
    VOIDING_DISMISSED = "certificates.voiding.dismissed", _("Proposal dismissed")
    VOIDING_WITHDRAWN = "certificates.voiding.withdrawn", _("Proposal withdrawn: the hours are there")
    REINSTATEMENT_ASKED = "certificates.voiding.reinstatement_asked", _("Reinstatement asked for")
    REINSTATEMENT_REFUSED = "certificates.voiding.reinstatement_refused", _("Reinstatement refused")
    REINSTATED = "certificates.voiding.reinstated", _("Electronic certificate reinstated")
    SUSPENSION_ASKED = "certificates.measure.suspension_asked", _("Suspension asked for")
    SUSPENDED = "certificates.measure.suspended", _("Electronic certificate suspended")
    SUSPENSION_LIFTED = "certificates.measure.lifted", _("Suspension lifted")
    REVOCATION_ASKED = "certificates.measure.revocation_asked", _("Revocation asked for")
    REVOKED = "certificates.measure.revoked", _("Electronic certificate revoked")
    CORRECTED = "certificates.measure.corrected", _("Electronic certificate corrected: a new version issued")
    MEASURE_REFUSED = "certificates.measure.refused", _("Measure refused")
    REMINDED = "certificates.reminders.sent", _("Reminders sent")
    STANDING_CHANGED = "certificates.standing.changed", _("Standing with continuing education changed")
