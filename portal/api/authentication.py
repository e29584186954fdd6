"""Who calls the API, and what that caller may do."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import authentication, exceptions, permissions
from rest_framework.request import Request

from portal.accounts.models import ApiToken, User
from portal.accounts.roles import SCOPE_PERMISSIONS, may
from portal.accounts.tokens import bearer_of, token_find


class TokenAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer <token>`; `request.auth` becomes the `ApiToken`."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        if not request.headers.get("Authorization"):
            return None
        token = token_find(bearer_of(request.headers))
        if token is None:
            raise exceptions.AuthenticationFailed(_("The token is unknown, revoked or has expired."))
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class HasScope(permissions.BasePermission):
    """The token must have the scope that the view names for the method: ``scopes = {"POST": …, "GET": …}``.

    And its account must have the permission behind the scope now, whatever it had when the token was made.
    """

    message = _("The token lacks the scope that this call needs.")

    def has_permission(self, request: Request, view: Any) -> bool:
        needed = view.scopes.get(request.method)
        if needed is None:
            return True
        is_in_scope = isinstance(request.auth, ApiToken) and needed in request.auth.scopes
        user = request.user if isinstance(request.user, User) else None
        return is_in_scope and may(user, SCOPE_PERMISSIONS[needed])


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself
    """How the API description names the token."""

    target_class = "portal.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}
