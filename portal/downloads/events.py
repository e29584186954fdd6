from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from portal.events.verbs import register_verbs


@register_verbs
class Verb(TextChoices):
    ASKED = "downloads.download.asked", _("File to take along asked for")
