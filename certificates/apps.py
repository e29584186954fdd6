from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


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
        from certificates.services.standing import standings_of_batch_settle
        from certificates.services.voiding import cured_of_batch_withdraw
        from education.credited import on_credited
        from portal.accounts.models import Role
        from portal.navigation import Entry, register_entry

        batch_checks.register()
        batch_forecast.register()
        lean.register()
        notices.register()
        notices_standing.register()
        queues.register()
        desks.register()
        holdings.register()
        policy_preview_action.register()
        on_credited(standings_of_batch_settle)
        on_credited(cured_of_batch_withdraw)
        register_entry(Entry("review-policy-preview", _("Preview of other rules"), order=80), Role.CHIEF)
        register_entry(
            Entry("review-certificates", _("Electronic certificates"), order=60), Role.REVIEWER, Role.CHIEF
        )
        register_entry(Entry("worker-home", _("My certificates"), order=10), Role.WORKER)
        register_entry(
            Entry("verify", _("Verify a certificate"), order=90), Role.WORKER, Role.REVIEWER, Role.CHIEF
        )
