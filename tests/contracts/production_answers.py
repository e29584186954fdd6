"""Run with the environment of a production machine: asks the portal for one of each kind of answer, prints their headers."""

import json
import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import transaction  # noqa: E402
from django.templatetags.static import static  # noqa: E402
from django.test import Client  # noqa: E402

from tests import factories  # noqa: E402
from tests.second_factor import signed_in_by_hand  # noqa: E402


def told(response) -> dict[str, object]:
    response.getvalue()
    cookies = {name: morsel.OutputString() for name, morsel in response.cookies.items()}
    return {"status": response.status_code, "headers": dict(response.headers), "cookies": cookies}


def answers() -> dict[str, dict[str, object]]:
    host = {"HTTP_HOST": settings.ALLOWED_HOSTS[0]}
    browser, stranger = Client(**host), Client(**host)
    clerk, holder, worker = factories.clerk(), Client(**host), factories.worker()
    holder.post(
        "/sign-in/", {"identifier": worker.person.id_number, "password": factories.PASSWORD}, secure=True
    )
    photo = holder.get("/me/photo/image/", secure=True)
    asked = {
        "sign in": signed_in_by_hand(browser, clerk.username, secure=True),
        "page": browser.get("/institution/", secure=True),
        "public page": stranger.get("/rules/", secure=True),
        "form": stranger.get("/register/", secure=True),
        "download": browser.get("/institution/batches/template/", secure=True),
        "api": stranger.get("/api/v1/policy/", secure=True),
        "verification": Client(**host).get("/api/v1/verify/46202010100001/", secure=True),
        "problem": stranger.get("/api/v1/batches/", secure=True),
        "static": stranger.get(static("build/app.css"), secure=True),
        "language": stranger.post("/language/", {"language": "en"}, secure=True),
        "plain http": stranger.get("/rules/"),
        "plain call": stranger.get("/api/v1/verify/46202010100001/"),
        "foreign host": Client(HTTP_HOST="attacker.example").get("/rules/", secure=True),
        "too large page": stranger.generic("POST", "/sign-in/", secure=True, CONTENT_LENGTH=str(2**40)),
        "too large call": stranger.generic(
            "POST", "/api/v1/batches/", secure=True, CONTENT_LENGTH=str(2**40)
        ),
        "missing page": stranger.get("/nothing/here/", secure=True),
        "missing call": stranger.get("/api/v1/nothing/", secure=True),
        "refused page": holder.get("/institution/", secure=True),
        "way to sign in": stranger.get("/institution/", secure=True),
        "address of a file": photo,
        "file": holder.get(photo.url, secure=True),
        "keys": stranger.get("/.well-known/jwks.json", secure=True),
        "description": stranger.get("/api/v1/schema/", secure=True),
        "figures": stranger.get("/metrics", secure=True),
        "health": stranger.get("/healthz", secure=True),
        "refused form": Client(enforce_csrf_checks=True, **host).post("/sign-in/", {}, secure=True),
        "refused method": stranger.delete("/rules/", secure=True),
        "display": stranger.post("/display/", {"display": "large"}, secure=True),
        "sign out": holder.post("/sign-out/", secure=True),
    }
    found = {name: told(response) for name, response in asked.items()}
    found["page"]["body"] = asked["page"].content.decode()
    return found


if __name__ == "__main__":
    call_command("collectstatic", verbosity=0, interactive=False)
    with transaction.atomic():
        print(json.dumps(answers()))  # noqa: T201
        transaction.set_rollback(True)
