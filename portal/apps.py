from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PortalConfig(AppConfig):
    name = "portal"

    def ready(self) -> None:
        from portal import holdings, retention
        from portal.accounts.models import Role
        from portal.navigation import MINE, REPORTS, Entry, register_entry
        from portal.operations.jobs import register_job

        holdings.register()
        retention.register()
        register_job("portal.note_policy", _("Note a change of policy"))
        register_entry(Entry("chief-announcements", _("Announcements"), order=53, group=REPORTS), Role.CHIEF)
        register_entry(Entry("my-data", _("My data"), order=43, group=MINE), Role.WORKER)
