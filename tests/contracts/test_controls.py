"""`docs/security/controls.md` promises the limits that the code keeps, each with its name and its figure."""

import re

from django.conf import settings

from tests.environment import ROOT

DOCUMENT = (ROOT / "docs" / "security" / "controls.md").read_text("utf-8")
PROMISED = re.compile(r"`([a-z][a-z:-]+)` (\d+) (?:a|an|in|every) (\w+(?: \w+)?)")
MADE = re.compile(r'Limit\(\s*"([^"]+)",\s*"(\d+)/([^"]+)"')


def test_every_limit_of_the_code_is_promised_with_its_figure_and_no_other():
    code = "".join(
        path.read_text("utf-8")
        for room in ("portal", "institutions", "education", "certificates")
        for path in (ROOT / room).rglob("*.py")
    )
    made = {(name, number, span.rstrip("s")) for name, number, span in MADE.findall(code)}
    rates = settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]
    made |= {(f"api:{name}", *rate.split("/")) for name, rate in rates.items()}
    assert len(made) > 20
    assert {(name, number, span.rstrip("s")) for name, number, span in PROMISED.findall(DOCUMENT)} == made
