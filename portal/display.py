"""Large text and strong contrast: one press away, remembered in a cookie, and with the account of whoever has one."""

from django.conf import settings
from django.http import HttpRequest

from portal.accounts.models import User
from portal.models import Preference

LARGE = "large"
_SESSION = "display"


def is_large(request: HttpRequest) -> bool:
    """Tell how a page is to be shown: as the account wants it, else as this browser was told last.

    The account is asked once a session.
    """
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return request.COOKIES.get(settings.DISPLAY_COOKIE_NAME) == LARGE
    if _SESSION not in request.session:
        chosen = Preference.objects.filter(user=user).values_list("large_display", flat=True).first()
        request.session[_SESSION] = (
            request.COOKIES.get(settings.DISPLAY_COOKIE_NAME) == LARGE if chosen is None else chosen
        )
    return bool(request.session[_SESSION])


def display_keep(request: HttpRequest, *, user: User, large: bool) -> None:
    """Keep what an account has chosen, for this session and every later one."""
    Preference.objects.update_or_create(user=user, defaults={"large_display": large})
    request.session[_SESSION] = large
