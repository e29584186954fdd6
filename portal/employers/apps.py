from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EmployersConfig(AppConfig):
    name = "portal.employers"
    label = "employers"

    def ready(self) -> None:
        from portal.accounts.agreements import Kind
        from portal.accounts.asking import Question, register_question
        from portal.accounts.closing import register_ending
        from portal.accounts.models import Role
        from portal.employers import events, messages  # noqa: F401 - importing registers the event texts
        from portal.employers.selectors import is_to_renew, open_invitation_count
        from portal.employers.services import consents_end
        from portal.navigation import MINE, Entry, register_entry

        messages.register_notices()
        register_ending(consents_end)
        register_question(
            Question(kind=Kind.EMPLOYER, is_open=is_to_renew, url_name="my-employers", insists=False)
        )
        register_entry(Entry("employer-workers", _("Invitations"), order=20), Role.EMPLOYER)
        register_entry(
            Entry("my-employers", _("Employers"), order=42, count=open_invitation_count, group=MINE),
            Role.WORKER,
        )
