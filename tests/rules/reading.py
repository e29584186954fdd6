"""Reads cases and facts for the tests of the rules."""

import tomllib
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

from certificates.rules import ArchiveCheck, CertificateFacts, ExchangeFacts, ProfileFacts
from education.rules import CourseRecord, StandingFacts, StandingRecord


def read_cases(name: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    data = tomllib.loads((Path(__file__).parent / name).read_text("utf-8"), parse_float=Decimal)
    names = [case["name"] for case in data["case"]]
    assert len(set(names)) == len(names), "each case has its own name"
    return data["base"], data["case"]


def changed(base: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    result = deepcopy(base)
    for path, value in change.items():
        *parents, last = path.split(".")
        place: Any = result
        for step in parents:
            place = place[int(step)] if isinstance(place, list) else place[step]
        place[int(last) if isinstance(place, list) else last] = value
    return result


def exchange_facts(data: dict[str, Any]) -> ExchangeFacts:
    certificate = dict(data["certificate"])
    archive = certificate.pop("archive_check", None)
    return ExchangeFacts(
        certificate=CertificateFacts(
            **certificate,
            archive_check=ArchiveCheck(**({"papers_seen_on": None} | archive)) if archive else None,
        ),
        profile=ProfileFacts(**data["profile"]),
        education=tuple(CourseRecord(**_exact(record)) for record in data["education"]),
    )


def standing_facts(data: dict[str, Any]) -> StandingFacts:
    fields = {
        name: data[name] for name in ("kind", "issued_on", "obtained_by", "engaged_in_post", "post_code")
    }
    return StandingFacts(
        **fields, education=tuple(StandingRecord(**_exact(record)) for record in data["education"])
    )


def _exact(record: dict[str, Any]) -> dict[str, Any]:
    hours = {name: Decimal(record[name]) for name in ("hours", "professional_hours")}
    return record | hours
