from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "portal.accounts"
    label = "accounts"

    def ready(self) -> None:
        from portal.accounts import events, messages, tokens  # noqa: F401 - importing registers the event texts
        from portal.accounts.access import count_to_decide
        from portal.accounts.agreements import Kind, versions_of
        from portal.accounts.factors import Means
        from portal.accounts.models import AccessGrant, ApiToken, Factor, Role, UserSession
        from portal.events.facts import register_choices
        from portal.navigation import ACCOUNTS, MINE, Entry, register_entry
        from portal.operations.jobs import register_job

        register_choices(
            role=Role,
            means_of_proof=Means,
            kind=Factor.Kind,
            ending=UserSession.Ending,
            purpose=AccessGrant.Purpose,
            scopes=ApiToken.Scope,
        )
        messages.register_notices()
        versions_of(Kind.PRIVACY)  # a file that cannot be used stops the start
        register_entry(Entry("profile", _("My profile"), order=40, group=MINE), Role.WORKER)
        register_entry(Entry("photo", _("My photo"), order=41, group=MINE), Role.WORKER)
        register_entry(
            Entry("access-grants", _("Ways into accounts"), order=48, count=count_to_decide, group=ACCOUNTS),
            Role.CHIEF,
            Role.OPERATOR,
            Role.REVIEWER,
        )
        for role, group in ((Role.CLERK, None), (Role.REVIEWER, ACCOUNTS), (Role.CHIEF, ACCOUNTS)):
            register_entry(Entry("tokens", _("API tokens"), order=49, group=group), role)
        register_job("accounts.tell_of_tokens", _("Tell of API tokens that end"))
        register_entry(Entry("staff", _("Staff and roles"), order=47, group=ACCOUNTS), Role.CHIEF)
