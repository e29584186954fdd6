from django.apps import AppConfig


class CertificatesConfig(AppConfig):
    name = "certificates"

    def ready(self) -> None:
        from certificates import events, notices, queues  # noqa: F401 - importing registers the event texts

        notices.register()
        queues.register()
