from django.apps import AppConfig


class CertificatesConfig(AppConfig):
    name = "certificates"

    def ready(self) -> None:
        from certificates import (  # noqa: F401 - importing registers the event texts
            batch_checks,
            batch_forecast,
            desks,
            events,
            holdings,
            notices,
            notices_standing,
            policy_preview_action,
            queues,
        )
        from certificates.checks import lean
        from certificates.credentials.keys import issuer_key_keep, public_keys
        from certificates.lifecycle.models import MeasureReason
        from certificates.models import Ground
        from certificates.services.standing import standings_of_batch_settle
        from certificates.services.voiding import cured_of_batch_withdraw
        from education.credited import on_credited
        from education.receipts import register_keys
        from portal.events.facts import register_choices

        register_choices(reason=MeasureReason, ground=Ground)
        batch_checks.register()
        batch_forecast.register()
        lean.register()
        notices.register()
        notices_standing.register()
        queues.register()
        desks.register()
        holdings.register()
        policy_preview_action.register()
        register_keys(keep=issuer_key_keep, published=public_keys)
        on_credited(standings_of_batch_settle)
        on_credited(cured_of_batch_withdraw)
