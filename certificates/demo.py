"""Plays the plan of a sample province through the services that real users reach, with the clock at each moment."""

import csv
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files import File

from certificates.demo_employer import employer_play
from certificates.models import LegacyCertificate, LegacyServiceRequest, ServiceKind
from certificates.registry import registry_import
from certificates.services.archive import archive_check_decide, archive_check_request, archive_papers_see
from certificates.services.exchange import ExchangeRefusedError, certificate_exchange
from certificates.services.legacy import ServiceWishes, legacy_service_decide, legacy_service_request
from certificates.services.refusals import RequestRefusedError
from education.models import Batch, BatchState
from education.services import batch_approve, batch_check, batch_return, batch_submit, batch_upload
from institutions.models import Ground, Institution
from institutions.services import Contact, clerk_assign, institution_register, qualification_grant
from portal import clock
from portal.accounts import totp
from portal.accounts.factors import app_add
from portal.accounts.models import ApiToken, Person, Role, User
from portal.accounts.photos import portrait
from portal.accounts.services import Employment, photo_replace, profile_update, staff_create, worker_register
from portal.accounts.tokens import token_create
from portal.events.models import Event
from portal.events.services import Actor
from portal.identity import number_key
from portal.policy import current_pack

PASSWORD = "sample-harbour-2020"  # noqa: S105 - of accounts that exist in the demo only
COMMAND = Actor.command("load_demo")
TEN_YEARS = timedelta(days=3650)  # the demo's clock may be moved by years
STAFF = (
    ("reviewer", Role.REVIEWER, "审核员甲", ""),
    ("reviewer2", Role.REVIEWER, "审核员乙", ""),
    ("chief", Role.CHIEF, "审核负责人", ""),
    ("county", Role.COUNTY, "海口市经办人", "460100"),
    ("operator", Role.OPERATOR, "运维人员", ""),
    ("auditor", Role.AUDITOR, "审计人员", ""),
)
PERSONAS = ("ready", "short_of_hours", "exchanged", "archive_pending", "renamed", "safety_officer")
"""The people of the plan whose logins are printed: one for each situation worth seeing."""

Progress = Callable[[int, int], None]


@dataclass
class Player:
    """Plays one plan. ``folder`` is what `make_sample` wrote."""

    folder: Path
    users: dict[int, User] = field(default_factory=dict)
    batches: dict[str, Batch] = field(default_factory=dict)
    clerks: dict[str, User] = field(default_factory=dict)
    people: dict[int, dict[str, str]] = field(init=False)
    reviewer: User = field(init=False)
    employer: User = field(init=False)
    colleague: User = field(init=False)

    def __post_init__(self) -> None:
        with (self.folder / "people.csv").open(encoding="utf-8") as stream:
            self.people = {int(row["person"]): row for row in csv.DictReader(stream)}
        self.plan = json.loads((self.folder / "plan.json").read_text("utf-8"))

    def play(self, progress: Progress) -> dict[str, Any]:
        """Play everything; return the logins and tokens. The clock then stands at the plan's beginning and runs."""
        actions = self.plan["actions"]
        clock.move_to(datetime.fromisoformat(actions[0]["at"]), running=False)
        self._hire()
        for done, action in enumerate(actions, 1):
            clock.move_to(datetime.fromisoformat(action.pop("at")), running=False)
            self._act(**action)
            progress(done, len(actions))
        self.employer = employer_play(people=self.people, users=self.users, password=PASSWORD).user
        clock.move_to(datetime.fromisoformat(self.plan["begins"]))
        return self._keys()

    def _act(self, *, do: str, refused: bool = False, **facts: Any) -> None:
        """Do one thing of the plan; people also ask for what the rules refuse, and the plan knows it."""
        try:
            getattr(self, f"_{do}")(**facts)
        except (RequestRefusedError, ExchangeRefusedError):
            if not refused:
                raise

    def _hire(self) -> None:
        for username, role, name, area in STAFF:
            staff_create(
                username=username, role=role, display_name=name, password=PASSWORD, area_code=area, by=COMMAND
            )
        self.reviewer = User.objects.get(username="reviewer")
        self.colleague = User.objects.get(username="reviewer2")

    def _import_registry(self, *, file: str) -> None:
        with (self.folder / file).open("rb") as source:
            registry_import(source=source, by=COMMAND)

    def _register_institution(
        self,
        *,
        code: str,
        name: str,
        ground: str,
        valid_from: str,
        valid_until: str | None,
        clerk: str,
        **contact: str,
    ) -> None:
        institution = institution_register(code=code, name=name, contact=Contact(**contact), by=COMMAND)
        qualification_grant(
            institution=institution,
            ground=Ground(ground),
            valid_from=date.fromisoformat(valid_from),
            valid_until=date.fromisoformat(valid_until) if valid_until else None,
            by=COMMAND,
        )
        user = staff_create(username=clerk, role=Role.CLERK, display_name=name, password=PASSWORD, by=COMMAND)
        clerk_assign(user=user, institution=institution, by=COMMAND)
        self.clerks[code] = user

    def _register(self, *, person: int) -> None:
        row = self.people[person]
        self.users[person] = worker_register(
            id_number=row["id_number"],
            name=row["name"],
            mobile=row["mobile"],
            password=PASSWORD,
            by=_web(None),
        )

    def _complete_profile(self, *, person: int) -> None:
        row = self.people[person]
        profile_update(
            person=self._person(person),
            name=row["name"],
            mobile=row["mobile"],
            area_code=row["area_code"],
            employment=Employment(name=row["employer_name"], code=row["employer_code"]),
            by=self._as(person),
        )

    def _upload_photo(self, *, person: int, file: str) -> None:
        picture = portrait((self.folder / file).read_bytes(), current_pack().on(clock.today()))
        photo_replace(person=self._person(person), portrait=picture, by=self._as(person))

    def _request_archive_check(self, *, person: int, certificate: str) -> None:
        archive_check_request(certificate=_paper(certificate), by=self._as(person))

    def _see_papers(self, *, certificate: str, seen_on: str) -> None:
        check = _paper(certificate).archive_check
        archive_papers_see(check=check, seen_on=date.fromisoformat(seen_on), by=_web(self.reviewer))

    def _decide_archive_check(self, *, certificate: str, confirmed: bool, reason: str) -> None:
        archive_check_decide(
            check=_paper(certificate).archive_check,
            confirmed=confirmed,
            reason=reason,
            by=_web(self.reviewer),
        )

    def _request_service(
        self,
        *,
        person: int,
        certificate: str,
        service: str,
        explanation: str,
        new_name: str = "",
        new_expiry: str = "",
    ) -> None:
        wishes = ServiceWishes(
            new_name=new_name, new_expiry=date.fromisoformat(new_expiry) if new_expiry else None
        )
        legacy_service_request(
            certificate=_paper(certificate),
            kind=ServiceKind(service),
            explanation=explanation,
            wishes=wishes,
            by=self._as(person),
        )

    def _decide_service(self, *, certificate: str, service: str, approved: bool, reason: str) -> None:
        request = LegacyServiceRequest.objects.get(
            certificate=_paper(certificate), kind=service, state=LegacyServiceRequest.State.OPEN
        )
        legacy_service_decide(request=request, approved=approved, reason=reason, by=_web(self.reviewer))

    def _upload_batch(
        self, *, file: str, institution: str, half_month: str, submit: bool, drop_bad_rows: bool
    ) -> None:
        by = _web(self.clerks[institution])
        with (self.folder / file).open("rb") as content:
            batch = batch_upload(
                institution=Institution.objects.get(code=institution),
                file=File(content),
                filename=Path(file).name,
                by=by,
            )
        self.batches[file] = _checked(batch)
        if submit and self.batches[file].rows_valid:
            bad = self.batches[file].errors > 0  # also those whose certificate the registry could not take in
            batch_submit(batch=self.batches[file], by=by, drop_bad_rows=drop_bad_rows or bad)

    def _review_batch(self, *, file: str, institution: str, approve: bool, reason: str) -> None:
        batch, by = self.batches[file], _web(self.reviewer)
        if batch.rows_valid and approve:
            self._approve(batch)
        elif batch.rows_valid:
            batch_return(batch=batch, reason=reason, by=by)

    def _approve(self, batch: Batch) -> None:
        """Approve as one reviewer, and as a second where something unusual asks for one."""
        if batch_approve(batch=batch, by=_web(self.reviewer)).state == BatchState.SUBMITTED:
            batch_approve(batch=batch, by=_web(User.objects.get(username="reviewer2")))

    def _exchange(self, *, person: int, certificate: str) -> None:
        certificate_exchange(certificate=_paper(certificate), by=self._as(person))

    def _as(self, person: int) -> Actor:
        return _web(self.users[person])

    def _person(self, person: int) -> Person:
        owner = self.users[person].person
        if owner is None:
            raise LookupError(f"The account of sample person {person} has nobody behind it.")
        return owner

    def _keys(self) -> dict[str, Any]:
        clerk = next(iter(self.clerks.values()))
        return {
            "address": settings.PUBLIC_URL,
            "logins": [
                *self._worker_logins(),
                _login("clerk", clerk),
                _login("employer", self.employer),
                *self._staff_logins(),
            ],
            "tokens": {
                "institution": _token(clerk, ApiToken.Scope.BATCHES_READ, ApiToken.Scope.BATCHES_WRITE),
                "reviewer": _token(self.reviewer, ApiToken.Scope.BATCHES_READ, ApiToken.Scope.BATCHES_REVIEW),
            },
        }

    def _worker_logins(self) -> list[dict[str, str]]:
        personas = [(state, self.plan["personas"].get(state)) for state in PERSONAS]
        return [
            {
                "role": "worker",
                "login": self.people[number]["id_number"],
                "password": PASSWORD,
                "about": state,
            }
            for state, number in personas
            if number in self.users
        ]

    def _staff_logins(self) -> list[dict[str, str]]:
        return [_login(role.value, User.objects.get(username=username)) for username, role, _, _ in STAFF]


def is_loaded() -> bool:
    """Return whether anyone is there already."""
    return Person.objects.exists() or User.objects.exists()


def _web(user: User | None) -> Actor:
    return Actor(Event.Means.WEB, user)


def _paper(number: str) -> LegacyCertificate:
    return LegacyCertificate.objects.get(number_key=number_key(number))


def _checked(batch: Batch) -> Batch:
    """Have the batch checked here and now, unless a worker of the running portal is at it: then wait for that one."""
    while batch.state in {BatchState.UPLOADED, BatchState.CHECKING}:
        batch_check(batch.pk, by=COMMAND)
        batch.refresh_from_db()
        if batch.state == BatchState.CHECKING:
            time.sleep(0.05)
    return batch


def _login(role: str, user: User) -> dict[str, str]:
    """Return how to sign in as ``user``, after setting up an authenticator app for it."""
    secret = totp.secret_new()
    code = totp.code_at(secret, totp.step_of(clock.real_now()))
    app_add(user=user, secret=secret, code=code, session=None, by=COMMAND)
    return {
        "role": role,
        "login": str(user.username),
        "password": PASSWORD,
        "about": user.display_name,
        "totp_secret": secret,
    }


def _token(user: User, *scopes: ApiToken.Scope) -> str:
    _, text = token_create(user=user, name="demo", scopes=scopes, by=COMMAND, lifetime=TEN_YEARS)
    return text
