"""The progress of the exchange as pictures and bars, for those who follow it (4.1)."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from certificates.progress import Share
from portal.charts import DayChart
from portal.policy import Policy, current_pack, day_of
from portal.templatetags.portal import area_name, post_name


def day_chart(total: Share, days: list[tuple[date, int]], policy: Policy, at: datetime) -> DayChart:
    """Return the sum of exchanged certificates by day, from the first rules on to the deadline."""
    opened = current_pack().change_days[0]
    first = min([opened, *(day for day, _sum in days[:1])])
    return DayChart(
        name="by-day",
        title=_("Exchanged certificates by day"),
        description=_("%(exchanged)s of %(total)s by %(day)s; the exchange ends on %(closes)s.")
        % {
            "exchanged": total.exchanged,
            "total": total.total,
            "day": date_format(day_of(at)),
            "closes": date_format(policy.exchange.window_end),
        },
        points=days,
        goal=total.total,
        first=first,
        last=policy.exchange.window_end,
        until=day_of(at),
    )


def post_bars(shares: Iterable[Share]) -> list[dict[str, Any]]:
    return [share_bar(share, f"{share.label} {post_name(share.label)}") for share in shares]


def area_bars(shares: Iterable[Share], *, own: str = "") -> list[dict[str, Any]]:
    """Return cities and counties, the one that has come farthest first; ``own`` is marked."""
    ranked = sorted(shares, key=lambda share: (-share.exchanged / max(1, share.total), share.key))
    return [
        share_bar(share, area_name(share.key) or "–") | {"percent": share.percent, "own": share.key == own}
        for share in ranked
    ]


def share_bar(share: Share, label: str) -> dict[str, Any]:
    return {"label": label, "value": share.exchanged, "maximum": share.total, "left": share.left}
