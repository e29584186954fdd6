from django.apps import AppConfig


class EducationConfig(AppConfig):
    name = "education"

    def ready(self) -> None:
        from education import desk, effects, events, holdings, notices, retention  # noqa: F401 - importing registers the event texts
        from education.national.export import HALF_MONTH
        from education.workbook import WORKBOOK
        from portal.downloads.services import register_download

        notices.register()
        desk.register()
        effects.register()
        holdings.register()
        retention.register()
        register_download(WORKBOOK)
        register_download(HALF_MONTH)
