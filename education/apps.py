from django.apps import AppConfig
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _


class EducationConfig(AppConfig):
    name = "education"

    def ready(self) -> None:
        from education import desk, effects, events, holdings, notices, retention  # noqa: F401 - importing registers the event texts
        from education.models import Delivery
        from education.national.export import HALF_MONTH
        from education.problem_texts import problem_title
        from education.selectors import FLAGS
        from education.workbook import WORKBOOK
        from portal.downloads.services import register_download
        from portal.events.facts import register_choices

        title = lazy(problem_title, str)
        register_choices(
            kind=Delivery.Kind,
            reasons={"large_batch": _("A large batch"), **{code: title(code) for code in FLAGS}},
        )
        notices.register()
        desk.register()
        effects.register()
        holdings.register()
        retention.register()
        register_download(WORKBOOK)
        register_download(HALF_MONTH)
