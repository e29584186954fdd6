from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DownloadsConfig(AppConfig):
    name = "portal.downloads"
    label = "downloads"

    def ready(self) -> None:
        from portal.downloads import events  # noqa: F401 - importing registers the event texts
        from portal.downloads.services import downloads_remove
        from portal.operations.jobs import register_job
        from portal.retention import Expiring, register_expiring

        register_job("downloads.make", _("Make a file to take along"))
        register_job("downloads.resume", _("Take up interrupted files again"))
        register_expiring(
            Expiring("download", _("Files made to take along"), downloads_remove, has_period=False)
        )
