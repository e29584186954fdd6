"""What the portal says about each kind of answer in production, to the letter."""

import json
import os
import re
import subprocess
import sys

import pytest

from tests.environment import ROOT, SECRETS

CSP = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
}
FOR_EVERYBODY = {"keys"}
"""What a verifier on any other site may read."""
NOTHING = {"default-src 'none'", "frame-ancestors 'none'"}
"""What suffices for an answer that is never a page."""
EVERYWHERE = {
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains; preload",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
}
PERSONAL, ORDINARY = "no-store, private", "no-cache, private"
ANSWERS = {
    "page": (200, "text/html; charset=utf-8", PERSONAL),
    "public page": (200, "text/html; charset=utf-8", ORDINARY),
    "form": (200, "text/html; charset=utf-8", PERSONAL),
    "download": (200, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", PERSONAL),
    "api": (200, "application/json", ORDINARY),
    "verification": (200, "application/json", ORDINARY),
    "problem": (401, "application/problem+json", ORDINARY),
    "static": (200, 'text/css; charset="utf-8"', "max-age=315360000, public, immutable"),
    "missing page": (404, "text/html; charset=utf-8", ORDINARY),
    "missing call": (404, "application/problem+json", ORDINARY),
    "refused page": (404, "text/html; charset=utf-8", PERSONAL),
    "way to sign in": (302, "text/html; charset=utf-8", ORDINARY),
    "address of a file": (302, "text/html; charset=utf-8", PERSONAL),
    "file": (200, "image/jpeg", PERSONAL),
    "keys": (200, "application/jwk-set+json", "public, max-age=3600"),
    "description": (200, "application/vnd.oai.openapi; charset=utf-8", ORDINARY),
    "figures": (200, "text/plain; version=1.0.0; charset=utf-8", ORDINARY),
    "health": (
        200,
        "text/plain; charset=utf-8",
        "max-age=0, no-cache, no-store, must-revalidate, private",
    ),
    "refused form": (403, "text/html; charset=utf-8", PERSONAL),
    "refused method": (405, "text/html; charset=utf-8", ORDINARY),
    "display": (302, "text/html; charset=utf-8", ORDINARY),
    "sign out": (302, "text/html; charset=utf-8", PERSONAL),
    "too large page": (413, "text/html; charset=utf-8", ORDINARY),
    "too large call": (413, "application/problem+json", ORDINARY),
}


@pytest.fixture(scope="module")
def production(django_db_setup, tmp_path_factory):
    """Return what a process with production settings answers, on the database of this test run."""
    wanted = {"PATH", "DATABASE_URL", "REDIS_URL", *SECRETS}
    environment = {
        **{name: value for name, value in os.environ.items() if name.removesuffix("_FILE") in wanted},
        "DEPLOYMENT": "production",
        "PUBLIC_URL": "https://portal.example.org",
        "ALLOWED_HOSTS": "portal.example.org",
        "PORTAL_VAR": str(tmp_path_factory.mktemp("production")),
        "PYTHONPATH": str(ROOT),
    }
    answered = subprocess.run(
        [sys.executable, "-m", "tests.contracts.production_answers"],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answered.returncode == 0, answered.stderr
    return json.loads(answered.stdout.splitlines()[-1])


@pytest.mark.parametrize("kind", ANSWERS)
def test_every_answer_says_the_same_about_safety(production, kind):
    status, content_type, cache = ANSWERS[kind]
    headers = production[kind]["headers"]
    assert production[kind]["status"] == status
    assert headers.items() >= EVERYWHERE.items()
    assert (headers["Content-Type"], headers["Cache-Control"]) == (content_type, cache)
    policy = re.sub(r" 'nonce-[^']+'", "", headers["Content-Security-Policy"])
    assert set(policy.split("; ")) == (NOTHING if kind == "verification" else CSP)
    assert {"Server", "X-Powered-By"}.isdisjoint(headers)
    assert headers.get("Access-Control-Allow-Origin") == ("*" if kind in FOR_EVERYBODY else None)
    assert kind == "static" or headers["X-Frame-Options"] == "DENY"


def test_a_page_runs_only_scripts_of_this_answer(production):
    body, policy = production["page"]["body"], production["page"]["headers"]["Content-Security-Policy"]
    inline = re.findall(r"<script(?![^>]*\bsrc=)([^>]*)>", body)
    nonces = set(re.findall(r'nonce="([^"]+)"', " ".join(inline)))
    assert all("nonce=" in attributes for attributes in inline)
    assert nonces == set(re.findall(r"'nonce-([^']+)'", policy))
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", body)


def test_a_download_is_never_shown_as_a_page(production):
    assert production["download"]["headers"]["Content-Disposition"].startswith("attachment;")


def test_cookies_belong_to_this_host_alone_and_no_script_reads_them(production):
    session = production["sign in"]["cookies"]["__Host-sessionid"]
    form = production["form"]["cookies"]["__Host-csrftoken"]
    language = production["language"]["cookies"]["__Host-language"]
    display = production["display"]["cookies"]["__Host-display"]
    for cookie in (session, form, language, display):
        assert {"HttpOnly", "Path=/", "SameSite=Lax", "Secure"} <= set(cookie.split("; "))
        assert "Domain" not in cookie
    names = {name for answer in production.values() for name in answer["cookies"]}
    assert names == {"__Host-sessionid", "__Host-csrftoken", "__Host-language", "__Host-display"}


def test_whoever_signs_out_leaves_nothing_in_the_browser(production):
    assert production["sign out"]["headers"]["Clear-Site-Data"] == '"cache", "storage"'


def test_plain_http_leads_to_https_and_another_host_name_nowhere(production):
    assert production["plain http"]["status"] == 301
    assert production["plain http"]["headers"]["Location"] == "https://portal.example.org/rules/"
    assert production["foreign host"]["status"] == 400


def test_a_call_by_plain_http_is_refused_and_leads_nowhere(production):
    headers = production["plain call"]["headers"]
    assert (production["plain call"]["status"], headers["Content-Type"]) == (403, "application/problem+json")
    assert "Location" not in headers
