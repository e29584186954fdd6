"""Nothing is half translated: every page, answer and message in both languages, without a word of the other one.

What people write, and what they and things are called, stays as it is; on an English page it is marked as Chinese.
"""

import json
import re
from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.db import transaction
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.utils import translation

from portal.events.verbs import all_verbs
from portal.masking import mask_name
from portal.notices import services as notices
from tests.education.sheets import GOOD, HEADERS
from tests.permissions import LINES
from tests.reading import NO_LANGUAGE, pieces
from tests.world import FIELDS

ENGLISH, CHINESE = "en", "zh-hans"
BOTH = pytest.mark.parametrize("language", [ENGLISH, CHINESE])
HAN = re.compile(r"[\u3400-\u9fff]+")
WORD = re.compile(r"[A-Za-z]{2,}")
WRITTEN_BY_PEOPLE = (
    "海口样例建筑有限公司", "三亚样例建筑有限公司", "海口样例培训中心", "陈海生", "林主任", "琼样培", "琼样", "某局", "指定培训机构",
    "海南省住房和城乡建设领域现场专业人员岗位培训考核评价工作领导小组办公室", "不再从业", "已离岗", "十月", "中文", "公告", "内容", "我的", "手机丢失", "教务系统",
    *(value for value in GOOD.values() if isinstance(value, str) and value), *HEADERS,
)  # fmt: skip
"""Names in the world, and the headers that the columns of a file have in every language."""
NAMES = sorted({*WRITTEN_BY_PEOPLE, *map(mask_name, WRITTEN_BY_PEOPLE)}, key=len, reverse=True)
INTERNATIONAL = frozenset({
    "API", "CSV", "Cookie", "Excel", "GB", "HTTPS", "ID", "IEC", "ISO", "JPEG", "JSON", "JavaScript", "MB", "MOD", "PDF", "PNG", "Redis", "SHA", "UTF",
    "XLSX", "YP", "csv", "xlsx",
})  # fmt: skip
"""Words that Chinese text uses as they are."""
IDENTIFIERS = re.compile(
    r"\b91460000MA\w{8}\b|\{\w+(?::\w+)?\}|\beyJ\b|\.jws\b|\babcde?(?:-\w+)+|\b[a-z]+(?:[._][a-z]+)+\b|[\w-]+\.(?:xlsx|csv)\b"
    r"|\b(?:clerk|reviewer|chief|county|operator|auditor|firm)-\S+|\b[0-9a-f]{8}-[0-9a-f-]{27}\b|\b[0-9a-f]{64}\b"
)
"""Credit codes, patterns, how codes and receipts begin, user names, file names, keys and fingerprints."""
UNMARKABLE = re.compile(r"title|textarea|option|text|tspan|desc|.*\[.*\]")
"""Where no element can name the language: attributes, and elements that hold text alone."""


def foreign(text: str, language: str) -> list[str]:
    """Return the words in ``text`` that are not of ``language``, but for names, identifiers and the like."""
    if language == ENGLISH:
        for name in NAMES:
            text = text.replace(name, "")
        return HAN.findall(text)
    return [word for word in WORD.findall(IDENTIFIERS.sub("", text)) if word not in INTERNATIONAL]


def foreign_on(page: str, language: str) -> list[str]:
    """As `foreign`, for what a page says in its own language; what it marks as another one is left out."""
    other = {CHINESE: "en", ENGLISH: ""}[language]
    said = [piece for piece in pieces(page) if piece.language not in {other, NO_LANGUAGE}]
    return [f"{piece.place}: {word}" for piece in said for word in foreign(piece.text, language)]


def unmarked_on(page: str) -> list[str]:
    """Return the Chinese passages of an English page that are said to be English."""
    return [
        f"{piece.place}: {piece.text}"
        for piece in pieces(page)
        if HAN.search(piece.text) and piece.language == "en" and not UNMARKABLE.fullmatch(piece.place)
    ]


def test_the_reading_finds_what_is_foreign():
    assert foreign_on('<p lang="en">Left: <b>未译</b> <img alt="海"></p>', ENGLISH) == [
        "b: 未译",
        "img[alt]: 海",
    ]
    assert foreign_on("<p>剩余 days <code>left</code></p>", CHINESE) == ["p: days"]
    assert unmarked_on('<p lang="en"><span lang="zh-Hans">陈</span>海</p>') == ["p: 海"]


def shown(world, language: str) -> Iterator[tuple[str, str]]:
    """Yield every page as whoever may open it sees it, and as it is when its form was sent empty."""
    for line in LINES:
        if line.is_api or (line.method == "POST" and line.own != 422):
            continue
        for role in [""] if line.anonymous in {"200", "422"} else sorted(line.roles):
            client = world.reader(role) if role else Client()
            client.cookies["django_language"] = language
            page = _page(client, line, world.address(line, world.mine))
            if page is not None:
                yield f"{line.method} {line.route} {role}".strip(), page


def _page(client, line, address: str) -> str | None:
    cache.clear()
    form = "application/x-www-form-urlencoded"
    with transaction.atomic():
        if line.method == "GET":
            answer = client.get(address)
        else:
            answer = client.post(address, FIELDS.get(line.route, "nothing=asked"), content_type=form)
        body = answer.getvalue()  # a file is closed when it was read
        transaction.set_rollback(True)
    return body.decode() if answer["Content-Type"].startswith("text/html") else None


@BOTH
def test_no_page_is_half_translated(world, language):
    found, seen = set(), set()
    for name, page in shown(world, language):
        seen.add(name)
        wrong = foreign_on(page, language) + (unmarked_on(page) if language == ENGLISH else [])
        found |= {f"{name}: {each}" for each in wrong}
    assert not found, "\n".join(sorted(found))
    assert len(seen) > 100


PROSE = frozenset({"title", "detail", "message", "fix", "text", "name", "label"})
"""Members of an answer of the API that are meant for people."""
SPELT_OUT = re.compile(r"application/json|\b(?:errors|first|index|leaf)\b")
"""What a sentence for programmers has to call by its name."""


def prose(document: object, member: str = "") -> Iterator[str]:
    """Yield what an answer of the API says to people."""
    if isinstance(document, str):
        if member in PROSE:
            yield document
    elif isinstance(document, list):
        for each in document:
            yield from prose(each, member)
    elif isinstance(document, dict):
        for name, value in document.items():
            yield from prose(value, name)


@BOTH
def test_no_answer_of_the_api_is_half_translated(world, language):
    found, said = set(), 0
    for line in (line for line in LINES if line.is_api and line.route != "api-schema"):
        for client in [Client(), *(world.callers[role] for role in line.roles)]:
            cache.clear()
            with transaction.atomic():
                address = world.address(line, world.mine)
                answer = client.generic(
                    line.method, address, "{}", "application/json", headers={"Accept-Language": language}
                )
                body = answer.getvalue()
                transaction.set_rollback(True)
            if "json" in answer["Content-Type"]:
                texts = list(prose(json.loads(body)))
                said += len(texts)
                wrong = {word for text in texts for word in foreign(SPELT_OUT.sub("", text), language)}
                found |= {f"{line.route} {answer.status_code}: {word}" for word in wrong}
    assert not found, "\n".join(sorted(found))
    assert said > 100


@BOTH
@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "413", "429", "500"])
def test_no_page_of_an_error_is_half_translated(world, rf, name, language):
    with translation.override(language):
        page = render_to_string(f"{name}.html", {"limit": 20, "minutes": 1}, RequestFactory().get("/"))
    assert foreign_on(page, language) == []


class Facts(dict):
    """Whatever a notice may ask for."""

    GIVEN = {
        "labels": [2020, 2021], "service": "cancellation", "why": "complaint", "ground": "hours", "kind": "electronic",
        "number": "1", "hours": "32", "professional_hours": "22", "clause": "2.1", "by": "2020-11-10", "filename": "1.csv", "rows": 3, "reason": "",
    }  # fmt: skip
    DAYS = re.compile(r"from|until|closes|.*_(?:on|by|day)")

    def __init__(self, **given):
        super().__init__(**self.GIVEN, **given)

    def __missing__(self, name):
        if name == "numbers":
            return [3, 4]
        return "2020-11-10" if self.DAYS.fullmatch(name) else 3

    def get(self, name, default=None):
        return self[name]


@BOTH
@pytest.mark.parametrize("code", notices._wordings)
def test_no_notice_and_so_no_letter_is_half_translated(code, language):
    wording = notices._wordings[code]
    with translation.override(language):
        for facts in (
            Facts(),
            Facts(outcome="approved", errors=0),
            Facts(outcome="confirmed", expires_on=""),
        ):
            assert foreign(f"{wording.title(facts)} {wording.body(facts)}", language) == []


@BOTH
def test_no_event_is_half_translated(language):
    with translation.override(language):
        assert [text for text in map(str, all_verbs().values()) if foreign(text, language)] == []
