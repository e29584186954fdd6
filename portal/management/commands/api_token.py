"""Tokens of other systems: open, list, end. An account may hold several, so that one takes over before the other ends."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from portal.accounts.models import ApiToken, User
from portal.accounts.roles import scopes_of
from portal.accounts.tokens import ScopeNotAllowedError, token_create, token_revoke
from portal.events.services import Actor

BY = Actor.command("api_token")


class Command(BaseCommand):
    help = (
        "Open, list and end API tokens. To change one without a gap: create a second one, put it into the other system, "
        "see by `list` that it is used, then revoke the first."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        create = actions.add_parser("create", help="open a token; its text is shown once")
        create.add_argument("username")
        create.add_argument("--name", required=True, help="which system it is for")
        create.add_argument(
            "--scope", action="append", choices=ApiToken.Scope.values, help="default: all of the role"
        )
        create.add_argument("--days", type=int, default=365, help="until it ends (365)")
        actions.add_parser("list", help="show an account's tokens and their last use").add_argument(
            "username"
        )
        actions.add_parser("revoke", help="end a token at once").add_argument("id")

    def handle(self, *_args: Any, **options: Any) -> None:
        {"create": self._create, "list": self._list, "revoke": self._revoke}[options["action"]](options)

    def _create(self, options: dict[str, Any]) -> None:
        user = _user(options["username"])
        scopes = options["scope"] or scopes_of(user.role)
        try:
            token, text = token_create(
                user=user,
                name=options["name"],
                scopes=scopes,
                lifetime=timedelta(days=options["days"]),
                by=BY,
            )
        except ScopeNotAllowedError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{text}\nIt is shown once, and ends on {token.expires_at:%Y-%m-%d}. Its id is {token.pk}."
        )

    def _list(self, options: dict[str, Any]) -> None:
        for token in ApiToken.objects.filter(user=_user(options["username"])).order_by("created_at"):
            used = f"{token.last_used_at:%Y-%m-%d %H:%M}" if token.last_used_at else "never"
            ended = "revoked" if token.revoked_at else f"until {token.expires_at:%Y-%m-%d}"
            self.stdout.write(
                f"{token.pk}  {token.name}  {' '.join(token.scopes)}  {ended}  last used: {used}"
            )

    def _revoke(self, options: dict[str, Any]) -> None:
        try:
            token = ApiToken.objects.get(pk=options["id"])
        except (ApiToken.DoesNotExist, ValidationError) as error:
            raise CommandError(
                "There is no token with this id; `api_token list USERNAME` shows them."
            ) from error
        token_revoke(token=token, by=BY)
        self.stdout.write(f"{token.name}: revoked.")


def _user(username: str) -> User:
    user = User.objects.filter(username=username, is_active=True).first()
    if user is None:
        raise CommandError(f"There is no active account {username}.")
    return user
