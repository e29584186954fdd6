"""Components and filters of every page; loaded without ``{% load %}``. How to use each: ``docs/design-system.md``."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import template
from django.core.paginator import Page
from django.forms import BaseForm, BaseFormSet
from django.http import HttpRequest
from django.template.context import RequestContext
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext, ngettext, pgettext

from portal import masking
from portal.icons import ICONS
from portal.policy import current_pack, day_of

register = template.Library()

# Colours by state, for certificates, batches, requests and periods alike; an unknown state is grey.
TAG_COLOURS = {
    "valid": "green", "approved": "green", "confirmed": "green", "met": "green", "pass": "green", "on_track": "green",
    "submitted": "blue", "checking": "blue", "checked": "blue", "electronic": "blue", "exchanged": "blue",
    "active": "green", "ready": "green", "waiting": "blue", "open": "yellow", "pending": "yellow", "returned": "yellow", "at_risk": "yellow",
    "todo": "yellow", "suspended": "yellow", "warning": "yellow", "expired": "grey",
    "void": "red", "rejected": "red", "refused": "red", "failed": "red", "fail": "red", "short": "red",
    "lapsed": "red", "error": "red",
}  # fmt: skip
CHECK_ICONS = {"pass": "check", "todo": "clock", "fail": "cross"}
OUTCOME_ICONS = {"eligible": "check", "not_yet": "clock", "ineligible": "cross"}


@register.simple_tag
def icon(name: str, title: str = "") -> SafeString:
    """Return the icon as inline SVG: hidden from screen readers, or named when ``title`` is given."""
    label = format_html('role="img" aria-label="{}"', title) if title else mark_safe('aria-hidden="true"')
    drawing = mark_safe(ICONS[name])  # noqa: S308 - our own drawings
    return format_html(
        '<svg class="app-icon" viewBox="0 0 24 24" focusable="false" {}>{}</svg>', label, drawing
    )


# Figures, days and names


@register.filter
def hours(tenths: int | None) -> str:
    """Show hours kept as whole tenths: 320 → ``32``, 285 → ``28.5``."""
    return "" if tenths is None else f"{Decimal(tenths) / 10:f}".removesuffix(".0")


@register.filter
def parse_day(value: str | date | datetime | None) -> date | None:
    """Return the day, in Shanghai, of a moment, a date or an ISO string (as in a decision's facts)."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value) if "T" in value else date.fromisoformat(value)
    return day_of(value) if isinstance(value, datetime) else value


@register.filter
def age(since: datetime | None, now: datetime | None) -> str:
    """Say how long something has waited, in its largest unit up to days: ``147 days``, ``3 hours``."""
    if since is None or now is None:
        return ""
    seconds = max(0, int((now - since).total_seconds()))
    if seconds >= 86400:
        return ngettext("%(number)s day", "%(number)s days", days := seconds // 86400) % {"number": days}
    if seconds >= 3600:
        return ngettext("%(number)s hour", "%(number)s hours", hour := seconds // 3600) % {"number": hour}
    return ngettext("%(number)s minute", "%(number)s minutes", seconds // 60) % {"number": seconds // 60}


@register.filter
def mask_name(name: str) -> str:
    return masking.mask_name(name)


@register.filter
def mask_id(number: str) -> str:
    return masking.mask_id_number(number)


@register.filter
def mask_mobile(mobile: str) -> str:
    return masking.mask_mobile(mobile) if mobile else ""


@register.filter
def mask_number(number: str) -> str:
    return masking.mask_number(number)


@register.filter
def get(mapping: Mapping[Any, Any] | None, key: Any) -> Any:
    """Look a variable key up in a mapping; nothing when it is absent."""
    return mapping.get(key) if mapping else None


@register.filter
def post_name(code: str) -> str:
    """Name a post by its code, in the reader's language; a code that the policy does not know stays as it is."""
    name = _named("exchange.posts", code)
    return _named("batches.safety_officer_posts", code) if name == code else name


@register.filter
def area_name(code: str) -> str:
    """Name a city or county by its code."""
    return _named("province.areas", code)


def _named(key: str, code: str) -> str:
    """Look a name up in the newest version of a list; names of what was dropped are found in older ones."""
    language = get_language() or "zh-hans"
    for version in reversed(current_pack().entries[key].versions):
        for named in version.value:
            if named.code == code:
                name: str = named.in_language(language)
                return name
    return code


# Components with a body


@register.simple_block_tag
def inset(content: SafeString) -> SafeString:
    return format_html('<div class="govuk-inset-text">{}</div>', content)


@register.simple_block_tag
def warning(content: SafeString) -> str:
    return render_to_string("components/warning.html", {"content": content})


@register.simple_block_tag
def details(content: SafeString, summary: str) -> str:
    return render_to_string("components/details.html", {"content": content, "summary": summary})


@register.simple_block_tag
def panel(content: SafeString, title: str) -> str:
    return render_to_string("components/panel.html", {"content": content, "title": title})


@register.simple_block_tag
def banner(content: SafeString, title: str = "", kind: str = "info") -> str:
    """A notification banner; ``kind`` is info, success or error."""
    return render_to_string("components/banner.html", {"content": content, "title": title, "kind": kind})


@register.simple_block_tag
def summary_list(content: SafeString, narrow: bool = False) -> SafeString:
    extra = " app-summary--narrow" if narrow else ""
    return format_html('<dl class="govuk-summary-list{}">{}</dl>', extra, content)


@register.simple_block_tag
def summary_row(content: SafeString, key: str, href: str = "", action: str = "") -> str:
    """A row of a summary list, with an optional link (``action``, default “Change”)."""
    context = {"content": content, "key": key, "href": href, "action": action or gettext("Change")}
    return render_to_string("components/summary_row.html", context)


@register.simple_block_tag
def timeline(content: SafeString) -> SafeString:
    return format_html('<div class="moj-timeline">{}</div>', content)


@register.simple_block_tag
def timeline_item(
    content: SafeString, title: str, at: datetime | date, by: str = "", *, machine: bool = False
) -> str:
    """Something that happened; ``machine`` says that ``by`` is the name of a command, and no words."""
    context = {
        "content": content, "title": title, "at": at, "by": by, "machine": machine, "has_time": isinstance(at, datetime),
    }  # fmt: skip
    return render_to_string("components/timeline_item.html", context)


@register.simple_block_tag
def tabs(content: SafeString, label: str = "") -> str:
    """Sub navigation: a row of ``{% tab %}``."""
    return render_to_string(
        "components/tabs.html", {"content": content, "label": label or gettext("Sections")}
    )


@register.simple_tag
def tab(text: str, href: str, *, current: bool = False, count: int | None = None) -> str:
    return render_to_string(
        "components/tab.html", {"text": text, "href": href, "current": current, "count": count}
    )


@register.simple_block_tag
def stats(content: SafeString) -> SafeString:
    return format_html('<ul class="app-stats">{}</ul>', content)


@register.simple_tag
def stat(value: Any, label: str, hint: str = "", href: str = "", *, alert: bool = False) -> str:
    context = {"value": value, "label": label, "hint": hint, "href": href, "alert": alert}
    return render_to_string("components/stat.html", context)


@register.simple_block_tag(takes_context=True)
def filter_bar(context: RequestContext, content: SafeString, action: str = "", *, button: str = "") -> str:
    """A row of filters sent by GET. Put fields in it with ``{{ form.area.as_field_group }}``."""
    values = {"content": content, "action": action, "button": button or gettext("Apply")}
    return render_to_string("components/filter_bar.html", values)


@register.simple_block_tag
def page_head(content: SafeString, title: str, caption: str = "", lead: str = "") -> str:
    """The heading of a page; the body holds its buttons."""
    has_buttons = bool(content.strip())
    values = {"content": content if has_buttons else "", "title": title, "caption": caption, "lead": lead}
    return render_to_string("components/page_head.html", values)


@register.simple_block_tag
def certificate_card(content: SafeString, card: object = None, **facts: Any) -> str:
    """A card that looks like the certificate; the body holds its links and buttons.

    Its facts come from the attributes of ``card``, or one by one: ``variant`` (paper or electronic), ``kind`` (in words),
    ``post``, ``number``, ``state`` and ``state_text``, ``holder``, ``photo`` (address), ``issuer``, ``issued_on``,
    ``valid_until``, ``href``, ``note`` (what it is worth today).
    """
    values = {"state": "", **(vars(card) if card else {}), **facts}
    if content.strip():
        values["actions"] = content
    return render_to_string("components/certificate_card.html", values)


@register.simple_block_tag
def empty_state(content: SafeString, title: str, icon: str = "inbox") -> str:
    return render_to_string("components/empty_state.html", {"content": content, "title": title, "icon": icon})


# Components without a body


@register.simple_tag
def status_tag(state: str, label: str = "") -> SafeString:
    """A state as a coloured tag. The word says it; the colour repeats it."""
    colour = TAG_COLOURS.get(state, "grey")
    return format_html('<strong class="govuk-tag govuk-tag--{}">{}</strong>', colour, label or state)


@register.simple_tag
def clause(ids: str) -> str:
    """Clause ids (``1.3, 2.2``), linked to the rules in force."""
    return render_to_string("components/clause.html", {"clauses": [each.strip() for each in ids.split(",")]})


@register.simple_tag
def back_link(href: str, text: str = "") -> SafeString:
    link = format_html('<a class="govuk-back-link" href="{}">{}</a>', href, text or gettext("Back"))
    return format_html('<nav aria-label="{}">{}</nav>', gettext("Back"), link)


@register.simple_tag
def submit(text: str, kind: str = "", name: str = "", value: str = "") -> str:
    """A button that a double click presses once; ``kind`` is empty, secondary, warning or accent."""
    return render_to_string(
        "components/submit.html", {"text": text, "kind": kind, "name": name, "value": value}
    )


@register.simple_tag
def progress(value: float, maximum: float, label: str, unit: str = "") -> str:
    """A labelled progress bar with its figures, such as ``28.5 / 32 学时``."""
    context = {"value": value, "maximum": maximum, "label": label, "unit": unit, "done": value >= maximum}
    return render_to_string("components/progress.html", context)


@register.simple_tag
def bars(caption: str, rows: Sequence[Mapping[str, Any]], *, unit: str = "", head: str = "") -> str:
    """Ranked bars that are a table first: each row has ``label``, ``value``, ``maximum`` and maybe ``href``."""
    return render_to_string(
        "components/bars.html", {"caption": caption, "rows": rows, "unit": unit, "head": head}
    )


@register.simple_tag
def error_summary(*forms: Any) -> str:
    """Every error of the forms in one box, each a link to its field; nothing when there is none."""
    errors = [
        error for form in forms if isinstance(form, BaseForm | BaseFormSet) for error in _form_errors(form)
    ]
    return render_to_string("components/error_summary.html", {"errors": errors}) if errors else ""


def _form_errors(form: "BaseForm | BaseFormSet[Any]") -> list[dict[str, str]]:
    if isinstance(form, BaseFormSet):
        own = [{"text": str(text), "target": ""} for text in form.non_form_errors()]
        return own + [error for each in form.forms for error in _form_errors(each)]
    found = [{"text": str(text), "target": ""} for text in form.non_field_errors()]
    for bound in form:
        found += [
            {"text": _named_error(str(text), str(bound.label)), "target": _first_control(bound)}
            for text in bound.errors
        ]
    return found


def _named_error(error: str, label: str) -> str:
    """Name the field where its error does not: above the form, the error stands alone."""
    if label.lower() in error.lower():
        return error
    return gettext("%(label)s: %(error)s") % {"label": label, "error": error}


def _first_control(bound: Any) -> str:
    return f"{bound.auto_id}_0" if bound.use_fieldset else bound.id_for_label or bound.auto_id


@register.simple_tag
def checklist(
    decision: Mapping[str, Any],
    actions: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    outcome: bool = True,
) -> str:
    """A decision (``Decision.as_dict(explain)``) as a check-list.

    ``actions`` maps a check's code to what cures it: ``url`` and ``text``, or ``who`` alone, and ``by`` (a day).
    ``outcome=False`` leaves out the answer above the list.
    """
    words = {
        "pass": pgettext("check", "Met"), "todo": pgettext("check", "To do"), "fail": pgettext("check", "Not met"),
    }  # fmt: skip
    actions = actions or {}
    checks = [
        {
            **check,
            "word": words[check["result"]],
            "icon": CHECK_ICONS[check["result"]],
            "action": _cure(check, actions),
        }
        for check in decision["checks"]
    ]
    return render_to_string("components/checklist.html", {
        "checks": checks, "show_outcome": outcome, "outcome": decision["outcome"],
        "icon": OUTCOME_ICONS[decision["outcome"]],
        "met": sum(check["result"] == "pass" for check in checks), "total": len(checks),
    })  # fmt: skip


def _cure(check: Mapping[str, Any], actions: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any] | None:
    return None if check["result"] == "pass" else actions.get(check["code"])


@register.simple_tag(takes_context=True)
def pagination(context: RequestContext, page: Page[Any]) -> str:
    """Links to the other pages, keeping the filters of the address."""
    if page.paginator.num_pages == 1:
        return ""
    query = _request(context).GET.copy()
    query.pop("page", None)
    prefix = f"?{query.urlencode()}&page=" if query else "?page="
    numbers = page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)
    return render_to_string(
        "components/pagination.html", {"page": page, "numbers": numbers, "prefix": prefix}
    )


@register.simple_tag(takes_context=True)
def sort_header(context: RequestContext, text: str, key: str, *, css: str = "") -> str:
    """A column head that sorts by ``?sort=key``, and the other way round by ``?sort=-key``."""
    query = _request(context).GET.copy()
    current = query.get("sort", "")
    query["sort"] = f"-{key}" if current == key else key
    query.pop("page", None)
    order = {key: "ascending", f"-{key}": "descending"}.get(current, "")
    sign = {"ascending": "up", "descending": "down"}.get(order, "sort")
    values = {"text": text, "href": f"?{query.urlencode()}", "order": order, "icon": sign, "css": css}
    return render_to_string("components/sort_header.html", values)


def _request(context: RequestContext) -> HttpRequest:
    request: HttpRequest = context["request"]
    return request
