"""Who of an area has not exchanged, as its officer sees them: masked, narrowed by filters, on a page or taken along (4.1)."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

from django import forms
from django.http import HttpResponseBase, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from certificates import progress
from certificates.progress import Left, Scope, missing_word
from certificates.selectors import policy_on
from portal import clock
from portal.accounts.models import User
from portal.accounts.roles import Permission, may
from portal.downloads.models import Download
from portal.downloads.services import DownloadKind
from portal.downloads.tables import TableSource, table_file
from portal.events.services import Actor
from portal.exports import Value
from portal.forms import Form
from portal.masking import mask_name, mask_number
from portal.tables import OutColumn
from portal.templatetags.portal import area_name, post_name

KEY = re.compile(r"[0-9a-f]{32}")
DAY = "on"


def posts_to_choose() -> list[tuple[str, object]]:
    posts = policy_on(clock.now()).exchange.posts
    return [
        ("", gettext_lazy("All posts")),
        *((post.code, f"{post.code} {post_name(post.code)}") for post in posts),
    ]


class LeftForm(Form):
    """The filters of the list; a value typed by hand that is none of these filters nothing."""

    post = forms.ChoiceField(label=gettext_lazy("Post"), required=False, choices=posts_to_choose)
    account = forms.ChoiceField(
        label=gettext_lazy("Account"),
        required=False,
        choices=[
            ("", gettext_lazy("With and without an account")),
            ("none", gettext_lazy("Not registered yet")),
            ("open", gettext_lazy("Registered")),
        ],
    )


@dataclass(frozen=True)
class Narrowing:
    """What of an area is asked for: a post, with or without an account, the employer with a key; empty for all."""

    post: str
    account: str
    employer: str

    @classmethod
    def of(cls, said: Mapping[str, str]) -> "Narrowing":
        form = LeftForm(said)
        form.is_valid()
        key = said.get("employer", "")
        values = form.cleaned_data
        return cls(values.get("post", ""), values.get("account", ""), key if KEY.fullmatch(key) else "")

    def query(self, **more: str) -> str:
        """Return it as it stands in an address."""
        query = QueryDict(mutable=True)
        query.update({name: value for name, value in {**vars(self), **more}.items() if value})
        return query.urlencode()

    def of_area(self, area_code: str, at: datetime) -> Scope:
        return progress.not_exchanged(
            progress.scope_at(at, area_code),
            post=self.post,
            employer_key=self.employer,
            registered={"none": False, "open": True}.get(self.account),
        )


def rows_of(people: Iterable[Left]) -> list[dict[str, Any]]:
    return [row_of(each) for each in people]


def row_of(each: Left) -> dict[str, Any]:
    """Return what the area is shown of a person: masked, with what is missing in words."""
    certificate = each.certificate
    return {
        "name": mask_name(certificate.holder_name),
        "employer": each.employer,
        "employer_key": each.employer_key,
        "post": post_name(certificate.post_code),
        "post_code": certificate.post_code,
        "number": mask_number(certificate.number),
        "missing": [missing_word(group) for group in each.missing] or [missing_word("click")],
        "ready": each.decision.eligible,
    }


def area_file(form: str, narrowing: Narrowing, *, by: Actor) -> HttpResponseBase | Download:
    """Return the list of the officer's area to take along, a large workbook as a download (see `table_file`)."""
    day = clock.today()
    source = _table(by.account, narrowing, day)
    subject = narrowing.query(**{DAY: day.isoformat()})
    return table_file(form, source, kind=AREA_LIST, subject=subject, by=by)


def _table(user: User, narrowing: Narrowing, day: date) -> TableSource:
    headers = (
        _("Name"),
        _("Employer"),
        _("Post code"),
        _("Post"),
        _("Certificate number"),
        _("Account"),
        _("Missing"),
    )
    area = user.area_code
    return TableSource(
        title=_("Not yet exchanged in %(area)s on %(day)s")
        % {"area": area_name(area), "day": day.isoformat()},
        columns=[OutColumn(header, width=18, text=True) for header in headers],
        count=lambda: narrowing.of_area(area, clock.now()).count(),
        rows=partial(_lines, narrowing, area),
    )


def _lines(narrowing: Narrowing, area_code: str) -> Iterator[list[Value]]:
    at = clock.now()
    for each in progress.judged_in_turn(narrowing.of_area(area_code, at), at=at):
        row = row_of(each)
        registered = _("Registered") if each.registered else _("Not registered yet")
        yield [
            row["name"],
            each.employer,
            each.certificate.post_code,
            row["post"],
            row["number"],
            registered,
            "、".join(row["missing"]),
        ]


def _source(user: User, subject: str) -> TableSource | None:
    if not may(user, Permission.AREA_FOLLOW):
        return None
    said = QueryDict(subject).dict()
    return _table(user, Narrowing.of(said), date.fromisoformat(said[DAY]))


def _page(subject: str) -> str:
    return f"{reverse('county-people')}?{Narrowing.of(QueryDict(subject).dict()).query()}"


AREA_LIST = DownloadKind("area-list", _source, _page)
