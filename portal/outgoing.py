"""How the portal asks other systems: only what a setting names answers, so that nothing it is told leads elsewhere."""

from typing import Any
from urllib.request import HTTPRedirectHandler, build_opener


class NoRedirects(HTTPRedirectHandler):
    """Makes an answer that leads on an error: what was asked may hold personal data or a secret."""

    def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:
        return None


opener = build_opener(NoRedirects)
