"""Set a lost password anew, for somebody who has shown their papers."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.accounts.selectors import user_by_identifier
from portal.accounts.services import password_reset
from portal.events.services import Actor


class Command(BaseCommand):
    help = "Set a lost password anew. Asks for ID number, mobile or user name, so that none stays in a shell's history."

    def handle(self, *_args: Any, **_options: Any) -> None:
        user = user_by_identifier(input("ID number, mobile or user name: "))
        if user is None:
            raise CommandError(
                "Nobody has registered with this. Check it; a person without an account registers anew."
            )
        password = password_reset(user=user, by=Actor.command("reset_password"))
        self.stdout.write(
            f"New password: {password}\nIt is shown once. The holder changes it after signing in."
        )
