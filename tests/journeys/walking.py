"""Walking through the product in a real browser: every page that is met is judged on the spot.

A page is judged by axe-core (all rules for WCAG 2.2 A and AA, and its best practices), by its width (no sideways scrolling
and nothing cut, down to 320 px and in large text), by what the browser measured while the processor was slowed down four
times (largest contentful paint, layout shift), and by what it did: no error on the console, no failed request, no request
to another host.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import Resolver404, resolve
from playwright.sync_api import Error, Page

from tests.environment import ROOT

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
WIDTHS = ((640, False), (320, False), (320, True), (1280, True))
"""CSS pixels, and whether in large text: 1280 px at 200 % and at 400 %, and with text alone enlarged."""
SLOWER = 4
PAINT = 1.5  # seconds
SHIFT = 0.1
LOADS = 12
"""How often a page may be loaded to paint in time. Other work on the machine only ever delays, so one load in time tells."""

_JUDGE = """
async (rules) => {
  const { violations } = await axe.run(document, { runOnly: rules, resultTypes: ['violations'] })
  return violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html }) => html.slice(0, 160)).join(' | ')}`)
}
"""
_MEASURES = """
() => new Promise((resolve) => {
  const found = { paint: 0, shift: 0 }
  const watch = (type, each) =>
    new PerformanceObserver((list) => list.getEntries().forEach(each)).observe({ type, buffered: true })
  watch('largest-contentful-paint', ({ startTime }) => { found.paint = startTime })
  watch('layout-shift', ({ value, hadRecentInput }) => { if (!hadRecentInput) found.shift += value })
  requestAnimationFrame(() => setTimeout(() => resolve(found), 0))
})
"""
_MISFITS = """
(large) => {
  const root = document.documentElement
  const was = root.classList.contains('app-large')
  root.classList.toggle('app-large', large || was)
  const show = (each) => each.outerHTML.slice(0, 120)
  const found = []
  if (root.scrollWidth > root.clientWidth) {
    const isClipped = (each) => each !== root && (getComputedStyle(each).overflowX !== 'visible' || isClipped(each.parentElement))
    const out = [...document.body.querySelectorAll('*')].filter((each) => {
      const { right, width } = each.getBoundingClientRect()
      return width && right > root.clientWidth + 1 && !isClipped(each.parentElement)
    })
    found.push(`scrolls sideways: ${out.slice(-2).map(show).join(' | ')}`)
  }
  for (const each of document.body.querySelectorAll('header *, nav *, main *, footer *')) {
    if (!each.clientWidth || each.scrollWidth <= each.clientWidth + 1) continue
    const { overflowX, clipPath } = getComputedStyle(each)
    const isCut = /hidden|clip/.test(overflowX) && clipPath === 'none'
    if (isCut && !each.matches('input, select, textarea, progress')) found.push(`cut: ${show(each)}`)
  }
  root.classList.toggle('app-large', was)
  return found
}
"""
_EMPTY = """
(form) => {
  for (const each of form.elements) {
    if (each.type === 'hidden' || each.type === 'submit') continue
    if (each.type === 'checkbox' || each.type === 'radio') each.checked = false
    else each.value = ''
  }
  HTMLFormElement.prototype.submit.call(form)
}
"""


@cache
def _axe() -> str:
    return AXE.read_text("utf-8")


def barriers(page: Page) -> list[str]:
    """Return what axe-core finds on the page as it is shown now."""
    page.evaluate(_axe())
    return page.evaluate(_JUDGE, RULES)


def route_of(address: str) -> str:
    """Return the name of the route that ``address`` leads to, or nothing."""
    try:
        return resolve(urlsplit(address).path).url_name or ""
    except Resolver404:
        return ""


def crowding() -> float:
    """Return how much longer than its own work anything takes on this machine just now: 1 when nothing else runs."""
    began, worked = time.perf_counter(), time.thread_time()
    while time.thread_time() - worked < 0.05:  # seconds
        pass
    return (time.perf_counter() - began) / (time.thread_time() - worked)


@dataclass
class Walker:
    """Somebody at a browser. `findings` says what is wrong where; `met` names the routes whose pages were judged."""

    page: Page
    portal: str
    """Its address, without a slash at the end."""
    findings: list[str] = field(default_factory=list)
    met: set[str] = field(default_factory=set)
    sends: set[str] = field(default_factory=set)
    """Routes to which a form is still to be sent empty, wherever it is met."""
    sent: set[str] = field(default_factory=set)
    bytes_loaded: int = 0
    """What came over the network for the page that was opened last, headers and all."""
    opened: list[str] = field(default_factory=list)
    """Addresses of the pages that were judged."""
    _links: list[str] = field(default_factory=list)
    _heard: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._hear_console)
        self.page.on("pageerror", lambda error: self._heard.append(f"script error: {error}"))
        self.page.on("requestfailed", self._hear_failure)
        self.page.on("request", self._hear_request)
        self._browser = self.page.context.new_cdp_session(self.page)
        self._browser.send("Network.enable")
        self._browser.on("Network.loadingFinished", self._weigh)

    def _weigh(self, event) -> None:
        self.bytes_loaded += int(event["encodedDataLength"])

    def _hear_console(self, message) -> None:
        # A page that answers 4xx on purpose is reported here too; whoever asked for it looks at the status.
        if message.type in {"error", "warning"} and not message.text.startswith("Failed to load resource"):
            self._heard.append(f"console: {message.text}")

    def _hear_failure(self, request) -> None:
        if request.failure != "net::ERR_ABORTED":  # a download, or a page that was left
            self._heard.append(f"failed: {request.url} {request.failure}")

    def _hear_request(self, request) -> None:
        if urlsplit(request.url).scheme not in {"data", "blob"} and not self._is_ours(request.url):
            self._heard.append(f"another host: {request.url}")

    def _is_ours(self, address: str) -> bool:
        return address.startswith(f"{self.portal}/")

    # Pages

    def goes_to(self, address: str) -> None:
        """Open a page with a slow processor, and judge it, its links kept for later, its forms sent empty and judged too.

        What is no page is passed over.
        """
        if self._opens(address):
            self.opened.append(address)
            self.judge()
            self._links += self.page.eval_on_selector_all("a[href]", "all => all.map(({ href }) => href)")
            self._sends_forms_empty()

    def _opens(self, address: str) -> bool:
        paints = []
        self._browser.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        try:
            for _load in range(LOADS):
                before = crowding() if paints else 1
                if not self.loads(address):
                    return False
                measures = self.page.evaluate(_MEASURES)
                paint = measures["paint"] / 1000
                paints.append(paint if paint <= PAINT else paint / max(before, crowding()))
                if paints[-1] <= PAINT:
                    break
            else:
                self._heard.append(f"largest contentful paint after {min(paints):.2f} s")
            if measures["shift"] > SHIFT:
                self._heard.append(f"layout shift {measures['shift']:.3f}")
        finally:
            self._browser.send("Emulation.setCPUThrottlingRate", {"rate": 1})
        return True

    def loads(self, address: str) -> bool:
        """Open an address and say whether it is a page; leave in `bytes_loaded` what that took."""
        self.bytes_loaded = 0
        try:
            answer = self.page.goto(address)
        except Error as error:
            if "Download is starting" in error.message:
                return False
            raise
        if answer is not None and answer.status >= 400:
            self._heard.append(f"answers {answer.status}")
        return answer is None or answer.headers["content-type"].startswith("text/html")

    def presses(self, selector: str) -> None:
        """Press a button or link, and judge what it leads to."""
        with self.page.expect_navigation():
            self.page.locator(selector).first.click()
        self.judge()

    def judge(self, *, widths=WIDTHS) -> None:
        """Judge the page as it is shown now."""
        self.met.add(route_of(self.page.url))
        self._note([*barriers(self.page), *self._misfits(widths)])

    def _misfits(self, widths) -> Iterator[str]:
        before = self.page.viewport_size
        for width, large in widths:
            self.page.set_viewport_size({"width": width, "height": before["height"]})
            for found in self.page.evaluate(_MISFITS, large):
                yield f"{width} px{' in large text' if large else ''}: {found}"
        self.page.set_viewport_size(before)

    def rereads(self, language: str) -> None:
        """Open the pages once more in another language, whose words may be longer, and look at their width alone."""
        cookie = {"name": settings.LANGUAGE_COOKIE_NAME, "value": language, "url": self.portal}
        self.page.context.add_cookies([cookie])
        for address in self.opened:
            if self.loads(address):
                self._note(self._misfits(WIDTHS[1:3]))

    def _note(self, found: Iterable[str]) -> None:
        route, path = route_of(self.page.url), urlsplit(self.page.url).path
        self.findings += [f"{route} ({path}): {each}" for each in (*self._heard, *found)]
        self._heard.clear()

    def looks_everywhere(self, *, known: set[str]) -> None:
        """Follow all links that were seen until every route that they lead to was met once, but for those ``known``."""
        seen = set(known)
        while self._links:
            address = self._links.pop(0)
            route = route_of(address) if self._is_ours(address) else ""
            if route and route not in seen:
                seen.add(route)
                self.goes_to(address)

    # Forms

    def _sends_forms_empty(self) -> None:
        address = self.page.url
        forms = self.page.eval_on_selector_all(
            "main form[method=post]", "all => all.map(({ action }) => action)"
        )
        for place, action in enumerate(forms):
            if (route := route_of(action)) in self.sends - self.sent:
                self.sent.add(route)
                self._sends_empty(place)
                self.page.goto(address)

    def _sends_empty(self, place: int) -> None:
        with self.page.expect_navigation():
            self.page.eval_on_selector_all("main form[method=post]", f"(all) => ({_EMPTY})(all[{place}])")
        is_told = self.page.evaluate("document.activeElement.matches('.govuk-error-summary')")
        if not is_told and self.page.locator(".govuk-error-summary, .govuk-error-message").count():
            self._heard.append("the summary of errors has no focus")
        self.judge(widths=WIDTHS[1:2])
