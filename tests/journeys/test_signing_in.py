"""A member of staff sets up a second factor, signs in with it, loses it, and proves again who they are."""

import re

import pytest
from playwright.sync_api import expect

from tests.factories import PASSWORD, shanghai
from tests.journeys.signing_in import sign_in
from tests.second_factor import app_code

CHIEF = """
from tests import factories
from portal.accounts.models import Role
chief = factories.staff(Role.CHIEF, display_name="审核负责人")
chief.username = "chief"
chief.save()
chief.factors.all().delete()
"""


@pytest.fixture
def chief(stack):
    stack.empty()
    stack.move_clock(shanghai(2020, 12, 28, 9))
    stack.python(CHIEF)
    return "chief"


def on_phone(page, picture, name):
    picture(name)
    page.set_viewport_size({"width": 390, "height": 844})
    picture(f"{name}-phone")
    page.set_viewport_size({"width": 1280, "height": 900})


def test_an_app_is_set_up_and_asked_for_from_then_on(page, stack, chief, picture):
    # Given an account that has a password only
    sign_in(page, chief)
    # When it tries any page, it is led to setting up
    page.goto("/chief/")
    expect(page.get_by_role("heading", name="设置二次验证")).to_be_visible()
    on_phone(page, picture, "factor-setup")
    page.get_by_role("link", name="验证器应用").click()
    on_phone(page, picture, "factor-app")
    secret = page.inner_text("#app-secret").replace(" ", "")
    page.fill("[name=code]", app_code(chief, secret))
    page.get_by_role("button", name="完成设置").click()
    # Then it is told its recovery codes once, to save them
    codes = page.locator("#recovery-codes li")
    expect(codes).to_have_count(10)
    on_phone(page, picture, "recovery-codes")
    with page.expect_download() as download:
        page.get_by_role("button", name="保存为文件").click()
    saved = download.value.path().read_text("utf-8")
    code = codes.first.inner_text()
    assert code in saved
    page.get_by_role("button", name="我已保存").click()
    on_phone(page, picture, "chief-home-after-setup")
    page.goto("/security/")
    on_phone(page, picture, "security")
    # And the next sign-in asks for a code
    page.context.clear_cookies()
    page.goto("/sign-in/")
    page.fill("[name=identifier]", chief)
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("main").get_by_role("button", name="登录").click()
    on_phone(page, picture, "second-factor")
    page.fill("main [name=code]", "000000")
    page.get_by_role("button", name="继续").click()
    expect(page.get_by_role("alert")).to_contain_text("动态码有误")
    on_phone(page, picture, "second-factor-refused")
    # And a recovery code stands in for it
    page.get_by_text("不在身边或已丢失").click()
    page.fill("[name=recovery-code]", f" {code.upper()} ")
    page.get_by_role("button", name="使用恢复码").click()
    page.wait_for_url("**/chief/")


def test_a_passkey_signs_in_and_confirms_what_is_grave(page, stack, chief, picture):
    # Given a computer that can keep passkeys
    browser = page.context.new_cdp_session(page)
    browser.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasUserVerification": True}
    browser.send(
        "WebAuthn.addVirtualAuthenticator",
        {"options": options | {"isUserVerified": True, "automaticPresenceSimulation": True}},
    )
    sign_in(page, chief)
    page.goto("/security/passkey/")
    on_phone(page, picture, "factor-passkey")
    page.fill("[name=name]", "办公电脑")
    page.get_by_role("button", name="完成设置").click()
    expect(page.locator("#recovery-codes li")).to_have_count(10)
    # When it signs in again
    page.context.clear_cookies()
    page.goto("/sign-in/")
    page.fill("[name=identifier]", chief)
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("main").get_by_role("button", name="登录").click()
    picture("second-factor-passkey")
    page.get_by_role("button", name="使用通行密钥或安全密钥").click()
    page.wait_for_url("**/chief/")
    # Then opening an account asks for the passkey once more when some time has passed
    with stack.sql() as cursor:
        cursor.execute("UPDATE accounts_usersession SET confirmed_at = confirmed_at - interval '1 hour'")
    page.goto("/chief/staff/open/")
    expect(page.get_by_role("heading", name="确认是您本人")).to_be_visible()
    on_phone(page, picture, "step-up")
    page.get_by_role("button", name="使用通行密钥或安全密钥").click()
    page.wait_for_url(re.compile("/chief/staff/open/$"))
    # And a form that comes after that time waits, with its text, and is carried out with the passkey
    page.locator("[name=role][value=auditor]").check()
    page.fill("[name=display_name]", "审计员")
    page.fill("[name=username]", "auditor-new")
    with stack.sql() as cursor:
        cursor.execute("UPDATE accounts_usersession SET confirmed_at = confirmed_at - interval '1 hour'")
    page.locator("main form button[type=submit]").click()
    expect(page.get_by_text("尚未执行")).to_be_visible()
    on_phone(page, picture, "step-up-waiting")
    page.get_by_role("button", name="使用通行密钥或安全密钥").click()
    expect(page.get_by_role("heading", name="账号已开设")).to_be_visible()
    with stack.sql() as cursor:
        cursor.execute("SELECT display_name FROM accounts_user WHERE username = 'auditor-new'")
        assert cursor.fetchone() == ("审计员",)
