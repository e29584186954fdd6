from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class OperationsConfig(AppConfig):
    name = "portal.operations"
    label = "operations"

    def ready(self) -> None:
        from portal.accounts.models import Role
        from portal.navigation import Entry, register_entry
        from portal.operations import recording  # noqa: F401 - importing connects it to Celery
        from portal.operations.jobs import register_job

        register_entry(Entry("operator-home", _("Operation"), order=10), Role.OPERATOR)
        register_entry(
            Entry("operator-records-index", pgettext_lazy("tables", "Records"), order=40), Role.OPERATOR
        )
        register_job("notices.deliver", _("Deliver notices by e-mail and SMS"))
