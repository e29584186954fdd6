"""Give the role under which the portal works its rights: run as the owner of the database, after every migrate."""

from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from psycopg2 import sql

from portal import env

ROLES = settings.BASE_DIR / "docs" / "deploy" / "roles.sql"
ROLE = "portal_app"


class Command(BaseCommand):
    help = (
        "Create or renew the role portal_app, which cannot change history (docs/deploy/roles.sql). Its password is that of "
        "APP_DATABASE_URL, or of the file APP_DATABASE_URL_FILE: the address that web, worker and beat are given."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        password = _password(env.text("APP_DATABASE_URL", ""))
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(ROLES.read_text("utf-8"))
            if password:
                statement = sql.SQL("ALTER ROLE {} PASSWORD {}").format(
                    sql.Identifier(ROLE), sql.Literal(password)
                )
                cursor.execute(statement)
        self.stdout.write(f"The role {ROLE} has its rights{'' if password else ' (its password was left)'}.")


def _password(address: str) -> str:
    if not address:
        return ""
    parts = urlsplit(address)
    if parts.username != ROLE or not parts.password:
        raise CommandError(
            f"APP_DATABASE_URL must name {ROLE} and its password: postgresql://{ROLE}:PASSWORD@host/name."
        )
    return unquote(parts.password)
