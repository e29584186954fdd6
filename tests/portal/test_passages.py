"""Chinese passages of an English page are marked, wherever they stand, and nothing else is touched."""

import pytest

from portal.passages import mark_chinese

MARKED = [
    ("<p>Hello, 陈海生</p>", '<p>Hello, <span lang="zh-Hans">陈海生</span></p>'),
    ("<td>陈** · 101</td>", '<td><span lang="zh-Hans">陈**</span> · 101</td>'),
    ("琼样建岗2016第000811号", '<span lang="zh-Hans">琼样建岗2016第000811号</span>'),
    ("<b>海口（样例）公司</b>，", '<b><span lang="zh-Hans">海口（样例）公司</span></b>，'),
]
LEFT = [
    "<a title=\"陈海生 > 王小海\" href='?q=海口'>x</a>",
    "<title>海口样例培训中心</title>",
    "<select><option>海口样例培训中心</option></select>",
    "<textarea>没有\n参加</textarea>",
    '<script type="application/json">{"name": "陈海生"}</script>',
    "<svg><title>海口</title><text>海口</text></svg>",
    "<!-- 海口 -->",
    "<p>Nothing Chinese here.</p>",
]


@pytest.mark.parametrize(("html", "marked"), MARKED)
def test_text_is_marked(html, marked):
    assert mark_chinese(html) == marked


@pytest.mark.parametrize("html", LEFT)
def test_what_can_hold_no_mark_stays_as_it_is(html):
    assert mark_chinese(html) == html


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/", "/nowhere/"])
def test_a_page_is_marked_in_english_alone_and_its_length_is_right(client, address):
    assert '<span lang="zh-Hans">' not in client.get(address).text
    client.cookies["django_language"] = "en"
    answer = client.get(address)
    assert '<span lang="zh-Hans">中文</span>' in answer.text
    assert int(answer["Content-Length"]) == len(answer.content)
