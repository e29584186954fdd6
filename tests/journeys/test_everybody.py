"""One journey for each person of the design, through every page that is theirs; each page is judged as it is met.

One small province, one browser and one sign-in a person serve the whole module.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from tests.education.sheets import GOOD, HEADERS
from tests.environment import PATIENCE
from tests.journeys.signing_in import sign_in
from tests.journeys.walking import DESK, PHONE, Walker, route_of
from tests.permissions import LINES
from tests.world import TODAY

WORLD = """
import json
from django.db import transaction
from certificates.models import ElectronicCertificate
from portal.accounts.models import User
from tests import factories
from tests.education import sheets
from tests.permissions import LINES
from tests.world import world_create
with transaction.atomic():  # or the real worker might begin to check a batch first
    world = world_create()
names = {role: user.person.id_number if user.person else user.username for role, user in world.users.items()}
others = {role: user.person.id_number if user.person else user.username for role, user in world.theirs.users.items()}
batch = sheets.csv(sheets.row()).decode()
sheets.enrol()
addresses = {line.route: world.address(line, world.mine) for line in LINES}
number = ElectronicCertificate.objects.get(pk=world.mine.objects["electronic-certificate"]["pk"]).number
asked = factories.worker()
User.objects.filter(pk=asked.pk).update(created_at="2020-01-02T09:00:00+08:00")  # older than the privacy notice
names["asked"] = asked.person.id_number
print(json.dumps({"names": names, "addresses": addresses, "number": number,
                  "others": others, "batch": batch}))
"""
VISITOR = "visitor"
SPOILED = "\r\n".join([",".join(HEADERS), ",".join(str(GOOD.get(header, "")) for header in HEADERS)])
"""A batch whose one row names nobody."""


@dataclass
class Province:
    """Where the journeys take place: `names` to sign in with, by role, an address for every route, and who walked there."""

    browser: object
    stack: object
    names: dict[str, str]
    addresses: dict[str, str]
    number: str
    """Of the worker's electronic certificate."""
    others: dict[str, str]
    """Names of a worker and a clerk who have nothing to do with those above."""
    batch: str
    """A file of the other clerk's that is good."""
    sessions: dict[str, dict] = field(default_factory=dict)
    walkers: dict[str, Walker] = field(default_factory=dict)

    def page(self, name: str = "", **options):
        """Return a page of a browser of its own, in which ``name`` is signed in."""
        if name and name not in self.sessions:
            page = self.page()
            sign_in(page, name)
            self.sessions[name] = page.context.storage_state()
            page.context.close()
        context = self.browser.new_context(
            base_url=self.stack.address, locale="zh-CN", timezone_id="Asia/Shanghai",
            storage_state=self.sessions.get(name), **{"viewport": DESK} | options,
        )  # fmt: skip
        context.set_default_timeout(PATIENCE * 1000)
        return context.new_page()

    def walker(self, person: str) -> Walker:
        """Return ``person`` after the whole journey."""
        if person not in self.walkers:
            already = set().union(*(each.sent for each in self.walkers.values()))
            walker = Walker(
                self.page(self.names.get(person, "")), self.stack.address, sends=answers_422(person) - already
            )
            self.walkers[person] = walker
            STORIES[person](walker, self)
            known = set().union(*(each.met for each in self.walkers.values()))
            walker.looks_everywhere(known=known)
            walker.rereads("en")
        return self.walkers[person]


def answers_422(person: str) -> set[str]:
    """Return the routes that tell ``person`` what is missing in an empty form."""
    posts = [line for line in LINES if line.method == "POST" and not line.is_api]
    if person == VISITOR:
        return {line.route for line in posts if line.anonymous == "422"}
    return {line.route for line in posts if line.own == 422 and person in line.roles}


@pytest.fixture(scope="module")
def province(chromium, stack):
    stack.empty()
    stack.move_clock(TODAY)
    return Province(chromium, stack, **json.loads(stack.python(WORLD).splitlines()[-1]))


# What each person comes for, beyond what links lead to


def visitor(walker, province):
    page = walker.page
    walker.goes_to("/")
    # Can I exchange? Answered without an account.
    walker.goes_to("/can-i-exchange/")
    for name in ("kind", "issuer"):
        page.locator(f"[name={name}]").first.check()
    page.fill("[name=year]", "2016")
    page.select_option("[name=post]", "101")
    walker.presses("main form button[type=submit]")
    # A number from a certificate in the hand, then the name on it.
    walker.goes_to(f"/v/{province.number}")
    page.fill("[name=name]", "陈海生")
    walker.presses("form:has([name=name]) button")
    walker.goes_to("/verify/list/")
    page.fill("[name=text]", f"{province.number}\n4620201010000027")
    walker.presses("main form button[type=submit]:not([name])")
    # An authority named an institution to use.
    walker.goes_to("/institutions/report/")
    page.select_option("[name=area_code]", "460100")
    page.fill("[name=authority]", "某局")
    page.fill("[name=account]", "会上指定了培训机构。")
    walker.presses("main form button[type=submit]")


def worker(walker, province):
    walker.goes_to("/home/")
    walker.presses("main a.govuk-button--accent")
    walker.presses("main button.govuk-button--accent")
    for route in (
        "archive-check-request",
        "voiding",
        "factor-remove",
        "step-up",
        "factor-app",
        "legacy-service-request",
    ):
        walker.goes_to(province.addresses[route])


def asked(walker, province):
    """Somebody who has not accepted the privacy notice yet."""
    page = walker.page
    walker.goes_to("/me/profile/")
    assert route_of(page.url) == "privacy-acceptance"
    walker.presses("main form:has([name=version]) button")
    assert route_of(page.url) == "profile"


def clerk(walker, province):
    page = walker.page
    walker.goes_to("/home/")
    walker.goes_to("/institution/batches/upload/")
    page.set_input_files(
        "[type=file]", {"name": "十一月.csv", "mimeType": "text/csv", "buffer": SPOILED.encode()}
    )
    page.locator("main form button[type=submit]").click()
    page.locator("main .app-stats").wait_for()
    walker.goes_to(page.url)
    walker.goes_to(province.addresses["batch-receipt"].removesuffix("receipt/"))
    walker.goes_to(province.addresses["download"])
    # A token for the school's own system, shown once.
    walker.goes_to("/tokens/new/")
    page.fill("[name=name]", "教务系统")
    page.locator("[name=scopes]").first.check()
    walker.presses("main form button[type=submit]")


def reviewer(walker, province):
    page = walker.page
    walker.goes_to("/home/")
    page.fill("main form[role=search] [name=text]", province.number)
    walker.presses("main form[role=search] button")
    for route in ("review-certificate", "review-person", "review-voiding", "review-batch"):
        walker.goes_to(province.addresses[route])


def chief(walker, province):
    page = walker.page
    walker.goes_to(province.addresses["staff-open"])
    page.locator("[name=role]").first.check()
    page.fill("[name=display_name]", "新来的")
    page.fill("[name=username]", "newcomer")
    walker.presses("main form button[type=submit]")
    walker.goes_to("/home/")


def operator(walker, province):
    walker.goes_to("/operator/failures/")
    walker.goes_to("/home/")


def auditor(walker, province):
    walker.goes_to("/home/")
    walker.page.fill("[name=text]", province.number)
    walker.presses("main form:has([name=text]) button")


def home(walker, province):
    walker.goes_to("/home/")


STORIES: dict[str, Callable] = {
    VISITOR: visitor, "worker": worker, "clerk": clerk, "reviewer": reviewer, "chief": chief, "county": home,
    "employer": home, "asked": asked, "operator": operator, "auditor": auditor,
}  # fmt: skip


@pytest.mark.parametrize("person", STORIES)
def test_nothing_is_wrong_with_any_page_on_the_way_of(province, person):
    findings = province.walker(person).findings
    assert not findings, "\n".join(findings)


def test_no_page_is_missing_from_the_walk(province):
    met, sent = set(), set()
    for person in STORIES:
        met |= province.walker(person).met
        sent |= province.walker(person).sent
    missing = [line for line in LINES if line.method == "GET" and not line.is_api and line.route not in met]
    missing = [line.route for line in missing if is_page(province, line)]
    unsent = set().union(*(answers_422(person) for person in STORIES)) - sent
    assert missing == []
    assert sorted(unsent) == []


def is_page(province, line) -> bool:
    """Ask the portal whether it answers with a page, as somebody who may ask."""
    person = VISITOR if line.anonymous == "200" else min(line.roles)
    answer = province.walker(person).page.request.get(province.addresses[line.route], max_redirects=0)
    return answer.status == 200 and answer.headers["content-type"].startswith("text/html")


# By keyboard alone


FOCUS = """
() => {
  const each = document.activeElement
  const label = each.id && document.querySelector(`label[for="${each.id}"]`)
  const looks = [getComputedStyle(each), ...(label ? [getComputedStyle(label, '::before')] : [])]
  const isShown = looks.some(({ boxShadow, outlineStyle, outlineWidth }) =>
    boxShadow !== 'none' || (outlineStyle !== 'none' && parseFloat(outlineWidth) > 0))
  const { left, right, top, bottom } = each.getBoundingClientRect()
  const above = document.elementFromPoint((left + right) / 2, (top + bottom) / 2)
  const isFree = Boolean(above) && (each.contains(above) || above.contains(each) || Boolean(above.closest('label')))
  return { what: each.outerHTML.slice(0, 160), isShown, isFree }
}
"""


class Keys:
    """A keyboard. Wherever the focus goes, it must be seen, and nothing may cover it."""

    def __init__(self, page):
        self.page = page
        # Whoever starts to listen only right before the key may be too late: the browser learns of it at its leisure,
        # and until then shows its own window for files, which nobody here can see.
        page.on("filechooser", lambda _chooser: None)

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)

    def tab(self) -> None:
        self.press("Tab")
        focus = self.page.evaluate(FOCUS)
        assert focus["isShown"], f"no sign of the focus: {focus['what']}"
        assert focus["isFree"], f"covered while it has the focus: {focus['what']}"

    def tab_to(self, selector: str) -> None:
        for _step in range(100):
            self.tab()
            if self.page.evaluate("selector => document.activeElement.matches(selector)", selector):
                return
        raise AssertionError(f"the Tab key does not lead to {selector}")

    def follow(self, selector: str) -> None:
        """Go to a link or button by Tab, and press Enter."""
        self.tab_to(selector)
        with self.page.expect_navigation():
            self.press("Enter")

    def skip(self) -> None:
        """Take the skip link, which comes first."""
        self.tab()
        assert self.page.evaluate("document.activeElement.matches('.govuk-skip-link')")
        self.press("Enter")
        assert self.page.evaluate("document.activeElement.id") == "main-content"


def test_a_clerk_needs_no_mouse(province):
    page = province.page(province.names["clerk"])
    keys = Keys(page)
    # Given the home page, the skip link leads past header and menu
    page.goto("/home/")
    keys.skip()
    keys.follow("main a[href='/institution/batches/upload/']")
    # When a file is chosen and sent
    keys.skip()
    keys.tab_to("main form .govuk-file-upload-button")
    with page.expect_file_chooser() as chooser:
        keys.press("Enter")
    chooser.value.set_files({"name": "一批.csv", "mimeType": "text/csv", "buffer": SPOILED.encode()})
    keys.follow("main form button[type=submit]")
    # Then its problems are there, and another batch that is good can be submitted
    page.locator("main .app-stats").wait_for()
    keys.follow("main a[href$='/problems/']")
    page.goto(province.addresses["batch-detail"])
    keys.skip()
    keys.follow("main form[action$='/submit/'] button")
    page.locator("main a[href$='/receipt/']").wait_for()
    page.context.close()


def test_a_reviewer_decides_with_a_few_keys(province):
    page = province.page(province.names["reviewer"])
    keys = Keys(page)
    page.goto("/review/")
    queue = page.locator("main a[href='/review/batches/']").get_attribute("data-key")
    # From the inbox into the queue, into its first batch, and to the decision: one key each
    with page.expect_navigation():
        keys.press(queue)
    with page.expect_navigation():
        keys.press("o")
    keys.press("d")
    assert page.evaluate("document.activeElement.id") == "decide"
    keys.follow("main form[action$='/approve/'] button")
    page.locator(".govuk-notification-banner--success").wait_for()
    # Keys can be turned off, and stay off
    page.goto("/review/batches/")
    page.locator(".app-keys summary").click()
    page.locator("[data-keys]").uncheck()
    page.reload()
    page.evaluate(
        "document.addEventListener('click', (event) => { window.clicked = event.target.outerHTML }, true)"
    )
    keys.press("o")
    assert page.evaluate("window.clicked") is None
    # A batch that is given back without a reason is not; the error has the focus and leads to its field
    page.goto("/review/batches/")
    keys.skip()
    keys.follow("main tbody a")
    keys.skip()
    keys.follow("main form[action$='/return/'] button")
    assert page.evaluate("document.activeElement.matches('.govuk-error-summary')")
    keys.tab()
    keys.press("Enter")
    assert page.evaluate("document.activeElement.name") == "reason"
    page.context.close()


# Without scripts


def test_a_worker_exchanges_without_a_script(province):
    page = province.page(province.others["worker"], java_script_enabled=False, viewport=PHONE)
    page.goto("/me/")
    page.locator("main a.govuk-button--accent").first.click()
    page.locator("main button.govuk-button--accent").click()
    page.wait_for_url("**/me/electronic/**")
    page.context.close()


def test_a_batch_is_uploaded_submitted_and_approved_without_a_script(province):
    page = province.page(province.others["clerk"], java_script_enabled=False)
    page.goto("/institution/batches/upload/")
    page.set_input_files(
        "[type=file]", {"name": "好的.csv", "mimeType": "text/csv", "buffer": province.batch.encode()}
    )
    page.locator("main form button[type=submit]").click()
    page.locator("main form[action$='/submit/'] button").click()  # the page asks again by itself
    page.locator("main a[href$='/receipt/']").wait_for()
    address = page.url.replace("/institution/", "/review/")
    page.context.close()
    page = province.page(province.names["reviewer"], java_script_enabled=False)
    page.goto(address)
    page.locator("main form[action$='/approve/'] button").click()
    page.locator(".govuk-notification-banner--success").wait_for()
    page.context.close()


# Weight

FIRST, LATER = 150_000, 30_000  # bytes over the network


def test_a_workers_pages_are_light(province):
    walker = Walker(province.page(province.names["worker"], viewport=PHONE), province.stack.address)
    walker.loads("/me/")
    assert walker.bytes_loaded <= FIRST
    heavy = {}
    for address in (
        "/me/",
        "/me/education/",
        "/me/profile/",
        "/me/photo/",
        "/me/data/",
        "/me/employers/",
        "/notices/",
    ):
        walker.loads(address)
        walker.page.wait_for_load_state("networkidle")
        if walker.bytes_loaded > LATER:
            heavy[address] = walker.bytes_loaded
    assert heavy == {}
    walker.page.context.close()
