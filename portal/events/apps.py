from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EventsConfig(AppConfig):
    name = "portal.events"
    label = "events"

    def ready(self) -> None:
        from portal.accounts.models import Role
        from portal.navigation import Entry, register_entry

        register_entry(Entry("audit", _("History"), order=10), Role.AUDITOR)
