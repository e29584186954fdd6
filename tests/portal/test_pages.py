"""The frame of every page: language, display, privacy, forms and errors as markup."""

import re
from datetime import date, datetime

import pytest
from django import forms as django_forms
from django.http import HttpResponse
from django.template import engines
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import translation

from portal import clock, views
from portal.forms import DayField, FileInput, Form, HoursField, IdNumberInput
from portal.middleware import LanguageMiddleware, PrivateByDefaultMiddleware

pytestmark = pytest.mark.urls("tests.portal.page_urls")


class SampleForm(Form):
    id_number = django_forms.CharField(label="ID", help_text="18 characters", widget=IdNumberInput())
    kind = django_forms.ChoiceField(
        label="Kind", choices=[("a", "A"), ("b", "B")], widget=django_forms.RadioSelect()
    )
    hours = HoursField(label="Hours", required=False)
    day = DayField(label="Day", required=False)
    photo = django_forms.FileField(label="Photo", widget=FileInput(accept="image/png", preview="seen"))
    agree = django_forms.BooleanField(label="I agree")


def render(source, **context):
    return engines["django"].from_string(source).render(context)


def attribute(html, element_id, name):
    tag = re.search(rf'<[a-z]+[^>]*\bid="{element_id}"[^>]*>', html)[0]
    return (re.search(rf'\b{name}="([^"]*)"', tag) or ("", ""))[1]


# Forms


def test_a_field_names_its_hint_and_its_error():
    html = str(SampleForm({"hours": "28.55"}))
    described = attribute(html, "id_id_number", "aria-describedby").split()
    assert described == ["id_id_number_helptext", "id_id_number_error"]
    assert all(f'id="{element}"' in html for element in described)
    assert "govuk-input--error" in attribute(html, "id_id_number", "class")
    assert "govuk-input--width-20" in attribute(html, "id_id_number", "class")


def test_a_group_of_radios_is_a_fieldset_that_names_its_error():
    html = str(SampleForm({}))
    fieldset = re.search(r"<fieldset[^>]*>", html)[0]
    assert 'aria-describedby="id_kind_error"' in fieldset
    assert html.count("<label") == 2 + 4 + 1  # two radios; id, hours, day, photo; agree


def test_the_error_summary_links_to_a_control_for_every_error():
    form = SampleForm({"hours": "x"})
    html = render("{% error_summary form %}{{ form }}", form=form)
    targets = re.findall(r'<a href="#([^"]+)"', html)
    assert len(targets) == sum(len(errors) for errors in form.errors.values()) == 5
    assert all(re.search(rf'<(input|select)[^>]*\bid="{target}"', html) for target in targets)


def test_the_error_summary_is_absent_without_errors():
    assert render("{% error_summary form %}", form=SampleForm()) == ""


def test_a_missing_answer_is_called_by_its_name():
    with translation.override("zh-hans"):
        errors = SampleForm({}).errors
    assert errors["id_number"] == ["请填写“ID”。"]
    assert errors["photo"] == ["请选择“Photo”的文件。"]


def test_what_was_typed_is_escaped():
    html = str(SampleForm({"id_number": '"><script>alert(1)</script>'}))
    assert "<script>" not in html


@pytest.mark.parametrize("text", ["2020-11-10", "2020/11/10", "2020.11.10", "20201110", "2020年11月10日"])
def test_a_day_is_read_as_people_write_it(text):
    assert DayField().clean(text) == date(2020, 11, 10)


@pytest.mark.parametrize(("text", "tenths"), [("28.5", 285), ("32", 320), ("0", 0)])
def test_hours_are_kept_as_tenths_and_shown_as_hours(text, tenths):
    assert HoursField().clean(text) == tenths
    assert HoursField().prepare_value(tenths) == text
    assert render("{{ tenths|hours }}", tenths=tenths) == text


# Components


def test_a_check_list_says_each_result_in_words_and_shows_the_cure_of_what_is_unmet():
    decision = {
        "outcome": "not_yet",
        "checks": [
            {"code": "photo", "result": "todo", "clause": "1.3", "message": "no photo"},
            {"code": "window_open", "result": "pass", "clause": "1.2", "message": "open"},
        ],
    }
    actions = {code: {"url": f"/{code}", "text": "go"} for code in ("photo", "window_open")}
    with translation.override("en"):
        html = render("{% checklist decision actions %}", decision=decision, actions=actions)
    assert "1 of 2 conditions met" in html
    assert re.findall(r'data-check="(\w+)" data-result="(\w+)"', html) == [
        ("photo", "todo"),
        ("window_open", "pass"),
    ]
    assert 'href="/photo"' in html
    assert 'href="/window_open"' not in html


def test_a_card_takes_nothing_from_the_page_around_it():
    source = '{% certificate_card variant="paper" post="x" number="1" state="void" state_text="v" %}{% endcertificate_card %}'
    html = render(source, note="of the page", actions="of the page", photo="of the page")
    assert "of the page" not in html
    assert "app-certificate--void" in html


def test_no_template_needs_what_the_content_security_policy_refuses(settings):
    refused = re.compile(
        r"<style(?![^>]*\snonce=)|\sstyle=|\son(?!e=)[a-z]+=|hx-on|javascript:|<script(?![^>]*\s(?:src|nonce)=)",
        re.IGNORECASE,
    )
    pages = list((settings.BASE_DIR / "templates").rglob("*.html"))
    assert pages
    assert [path.name for path in pages if refused.search(path.read_text("utf-8"))] == []


# Language, display, privacy


@pytest.fixture
def language_of():
    def language_of(path, cookie="", accept="en-GB,en;q=0.9"):
        request = RequestFactory().get(path, headers={"Accept-Language": accept})
        if cookie:
            request.COOKIES["django_language"] = cookie
        return LanguageMiddleware(lambda request: HttpResponse(translation.get_language()))(request)

    return language_of


def test_pages_are_chinese_whatever_the_browser_says(language_of):
    assert language_of("/").content == b"zh-hans"


def test_pages_are_in_the_language_that_was_chosen(language_of):
    assert language_of("/", cookie="en").content == b"en"
    assert language_of("/", cookie="xx").content == b"zh-hans"


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("en-GB", "en"),
        ("zh-CN,en;q=0.5", "zh-hans"),
        ("fr", "zh-hans"),
        ("", "zh-hans"),
        ("fr, en;q=0.1", "en"),
    ],
)
def test_api_answers_follow_the_caller(language_of, accept, language):
    response = language_of("/api/v1/policy/", accept=accept)
    assert response.content.decode() == language
    assert response["Content-Language"] == language


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""])
@pytest.mark.parametrize("view", [views.set_language, views.set_display])
def test_choices_return_only_to_this_site(view, target):
    request = RequestFactory().post("/", {"next": target, "language": "en", "display": "large"})
    assert view(request)["Location"] == "/"


def test_large_text_is_remembered_and_turned_off_again():
    on = views.set_display(RequestFactory().post("/", {"display": "large", "next": "/rules/?a=1"}))
    off = views.set_display(RequestFactory().post("/", {"display": "standard"}))
    assert on["Location"] == "/rules/?a=1"
    assert (on.cookies["display"].value, off.cookies["display"].value) == ("large", "standard")


def _cache_control(**headers):
    request = RequestFactory().get("/", headers=headers)
    public = HttpResponse(headers={"Cache-Control": "public, max-age=60"})
    return PrivateByDefaultMiddleware(lambda request: public)(request)["Cache-Control"]


def test_a_public_answer_stays_public_except_for_a_known_caller():
    assert _cache_control() == "public, max-age=60"
    assert _cache_control(Authorization="Bearer x") == "no-store, private"


# Start page


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("moment", "is_open"),
    [("2020-12-31T23:59:59.999+08:00", True), ("2021-01-01T00:00:00+08:00", False)],
)
def test_the_start_page_changes_at_midnight_in_shanghai(client, moment, is_open):
    clock.move_to(datetime.fromisoformat(moment), running=False)
    page = client.get("/").content.decode()
    assert ("登录办理换证" in page) is is_open
    assert ("换证已于2020年12月31日截止" in page) is not is_open


def test_the_page_of_a_failure_renders_with_nothing_at_hand():
    assert "系统出现故障" in render_to_string("500.html")
    assert "系统暂时无法使用" in render_to_string("503.html")
