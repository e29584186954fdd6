"""Open a staff account: the way in for the first of them, before anyone can do it on a page."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from institutions.models import Institution
from institutions.services import clerk_assign
from portal.accounts.access import access_give_by_command
from portal.accounts.models import Role
from portal.accounts.services import UsernameTakenError, staff_create
from portal.events.services import Actor

ROLES = [role.value for role in Role if role not in {Role.WORKER, Role.EMPLOYER}]


class Command(BaseCommand):
    help = (
        "Open an account for a reviewer, a chief, a county officer (with --area), a clerk (with --institution), an operator "
        "or an auditor; prints once the code with which its holder chooses a password. Site professionals and employers register themselves."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("role", choices=ROLES)
        parser.add_argument("--name", default="", help="shown in the page header")
        parser.add_argument("--area", default="", metavar="CODE", help="the county officer's city or county")
        parser.add_argument("--institution", metavar="CREDIT-CODE", help="the clerk's institution")

    def handle(self, *args: Any, **options: Any) -> None:
        role, by = Role(options["role"]), Actor.command("create_staff")
        if (role == Role.COUNTY) != bool(options["area"]):
            raise CommandError("--area belongs to a county officer, who cannot do without one.")
        if (role == Role.CLERK) != bool(options["institution"]):
            raise CommandError("--institution belongs to a clerk, who cannot do without one.")
        with transaction.atomic():
            try:
                user = staff_create(
                    username=options["username"],
                    role=role,
                    display_name=options["name"],
                    password=None,
                    area_code=options["area"],
                    by=by,
                )
            except UsernameTakenError as error:
                raise CommandError(f"There is an account {options['username']} already.") from error
            if options["institution"]:
                clerk_assign(user=user, institution=_institution(options["institution"]), by=by)
            code = access_give_by_command(user=user, by=by)
        self.stdout.write(
            f"{user.username}: {code}\nThe code is shown once and lasts {settings.ACCESS_CODE_HOURS} hours. Its holder "
            f"chooses a password with it at {settings.PUBLIC_URL}/activate/."
        )


def _institution(code: str) -> Institution:
    try:
        return Institution.objects.get(code=code)
    except Institution.DoesNotExist as error:
        raise CommandError(f"No institution has the credit code {code}.") from error
