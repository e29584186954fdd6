"""What every page needs: names, navigation, language, display and, in the demo, the clock."""

from datetime import datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from portal import clock, navigation
from portal.display import is_large
from portal.policy import SHANGHAI, current_pack
from portal.policy.forms import Text

NAMES = {"province": "name", "department": "department", "archive_desk": "archive_desk"}


def page(request: HttpRequest) -> dict[str, Any]:
    """Context of every template that is rendered with a request."""
    return {
        "portal_name": _("Certificates and continuing education for site professionals"),
        **province_names(),
        "large_display": SimpleLazyObject(lambda: is_large(request)),
        "other_language": "zh-hans" if _language() == "en" else "en",
        "current_path": request.get_full_path() if request.method == "GET" else request.path,
        "navigation": SimpleLazyObject(lambda: navigation.menu(request)),
        "demo_clock": SimpleLazyObject(_demo_clock) if settings.PORTAL_NOW else None,
    }


def province_names() -> dict[str, str]:
    """Return what the province, its department and its archive desk are called, in the reader's language."""
    return {name: _province(f"province.{key}") for name, key in NAMES.items()}


def _language() -> str:
    return get_language() or settings.LANGUAGE_CODE


def _province(key: str) -> str:
    text: Text = current_pack().entries[key].versions[-1].value
    return text.in_language(_language())


def _demo_clock() -> dict[str, Any]:
    """The simulated time, and the moments worth jumping to: around the end of the window, and when windows of hours end."""
    now = clock.now()
    end = current_pack().on(now.date()).exchange.window_end
    moments = [
        (datetime.combine(end, time(23, 59), SHANGHAI), _("Last minute of the window")),
        (datetime.combine(end + timedelta(days=1), time(0, 5), SHANGHAI), _("Window closed")),
        (datetime(end.year + 2, 2, 1, 9, tzinfo=SHANGHAI), str(end.year + 2)),
        (datetime(end.year + 3, 2, 1, 9, tzinfo=SHANGHAI), str(end.year + 3)),
    ]
    jumps = [{"to": moment.isoformat(), "label": label} for moment, label in moments if moment > now]
    return {"now": now, "jumps": jumps}
