"""Who somebody is, from what they type into the sign-in page."""

import uuid
from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest

from portal.accounts.models import User
from portal.accounts.selectors import user_by_identifier


class IdentityBackend(BaseBackend):
    """Signs in by ID number, mobile or user name.

    An unknown identifier costs as much time as a wrong password, so the answer does not tell which accounts exist.
    """

    def authenticate(
        self, request: HttpRequest | None, identifier: str = "", password: str = "", **credentials: Any
    ) -> User | None:
        user = user_by_identifier(identifier)
        if user is None:
            User().set_password(password)
            return None
        return user if user.check_password(password) and user.is_active else None

    def get_user(self, user_id: uuid.UUID) -> User | None:
        """Return the account of a session; an account that ended has none, from its next request on."""
        return User.objects.select_related("person").filter(pk=user_id, is_active=True).first()
