from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from portal.events.verbs import register_verbs


@register_verbs
class Verb(TextChoices):
    CLOCK_MOVED = "portal.clock.moved", _("Simulated time moved")
    HISTORY_EXPORTED = "portal.history.exported", _("History taken along")
    MY_DATA_EXPORTED = "portal.my_data.exported", _("Own data taken along")
    POLICY_CHANGED = "portal.policy.changed", _("Policy in use changed")
    KEYS_ROTATED = "portal.keys.rotated", _("Identifying data encrypted under a new key")
    INDEXES_RENEWED = "portal.keys.indexes_renewed", _("Look-up hashes made anew under a new key")
    ANNOUNCED = "portal.announcement.published", _("Announcement published")
    ANNOUNCEMENT_WITHDRAWN = "portal.announcement.withdrawn", _("Announcement withdrawn")
    ANNOUNCEMENT_RESTORED = "portal.announcement.restored", _("Announcement shown again")
    PURGED = "portal.data.purged", _("Data deleted whose time is over")
