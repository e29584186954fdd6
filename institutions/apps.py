from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from portal.desk import WorkQueue, register_queue


class InstitutionsConfig(AppConfig):
    name = "institutions"

    def ready(self) -> None:
        from institutions import events, messages  # noqa: F401 - importing registers the event texts
        from institutions.models import Ground
        from institutions.selectors import designation_reports_waiting
        from portal.accounts.models import Role
        from portal.events.facts import register_choices
        from portal.filters import register_filters
        from portal.navigation import LOOK_UP, REVIEW, Entry, register_entry

        messages.register_notices()
        register_filters("review-designation-reports", ("area",))
        register_choices(ground=Ground)
        register_entry(Entry("institutions", _("Training institutions"), order=70, group=LOOK_UP), *Role)
        register_entry(Entry("chief-institutions", _("Institutions’ qualification"), order=45), Role.CHIEF)
        register_entry(
            Entry("review-designation-reports", _("Reports of a designation"), order=26, group=REVIEW),
            *(Role.REVIEWER, Role.CHIEF),
        )
        register_queue(
            WorkQueue(
                "designation_reports",
                _("Reports of a designation"),
                "review-designation-reports",
                designation_reports_waiting,
            )
        )
