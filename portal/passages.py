"""Chinese passages of an English page, marked as Chinese, so that they are read out as what they are (WCAG 3.1.2).

Names, places, institutions and whatever people write stay Chinese in every language of the portal. They come from the
database into every corner of every page, so the page is marked as a whole and no template has to think of it.
"""

import re

CHINESE = "zh-Hans"
_HAN = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_WHOLE = "script|style|title|textarea|select|svg"
"""Elements that hold text alone, or no HTML: a mark in them would be shown or lost."""
_PARTS = re.compile(
    rf"<({_WHOLE})\b.*?</\1\s*>"
    r"|<!--.*?-->"
    r"""|<(?:"[^"]*"|'[^']*'|[^"'>])*>"""
    rf"|(?P<chinese>[{_HAN}][{_HAN}\u3000-\u303f\uff00-\uffef\w*·]*)",
    re.DOTALL,
)


def mark_chinese(html: str) -> str:
    """Wrap each Chinese passage of the text in ``<span lang="zh-Hans">``; tags and their attributes stay as they are."""
    return _PARTS.sub(_marked, html)


def _marked(part: re.Match[str]) -> str:
    chinese = part["chinese"]
    return f'<span lang="{CHINESE}">{chinese}</span>' if chinese else part[0]
