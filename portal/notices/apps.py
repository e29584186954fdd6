from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NoticesConfig(AppConfig):
    name = "portal.notices"
    label = "notices"

    def ready(self) -> None:
        from portal.accounts.models import Role
        from portal.navigation import Entry, register_entry
        from portal.notices.selectors import unread_count

        register_entry(Entry("notices", _("Notices"), order=60, count=unread_count), *Role)
