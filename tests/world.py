"""A small world with one of everything that a route can name, for two workers, two schools and two employers."""

from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import md5
from uuid import UUID

from django.conf import settings
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse

from certificates.models import ArchiveCheck, LegacyServiceRequest, VoidingEvidence, VoidingProposal
from certificates.services.documents import document_ensure
from certificates.services.exchange import certificate_exchange
from education.workbook import WORKBOOK
from institutions.models import DesignationReport
from portal import clock
from portal.accounts.access import access_ask
from portal.accounts.models import AccessGrant, ApiToken, Role, User, UserSession
from portal.accounts.roles import scopes_of
from portal.accounts.tokens import token_create
from portal.announcements import announcement_publish
from portal.downloads.services import download_ask, download_make
from portal.employers.models import Employer
from portal.employers.selectors import consent_text
from portal.employers.services import Company, Invitee, employer_register, workers_invite
from portal.events.services import Actor
from portal.models import SavedFilter
from tests import factories
from tests.education import batches
from tests.factories import shanghai
from tests.permissions import Line

TODAY = shanghai(2020, 11, 30, 10)
BY = Actor.command("tests.world")
NUMBER_OF_NONE = "4620201019999995"


@dataclass
class Side:
    """One worker and one institution, with one of everything that a route can name."""

    users: dict[str, object] = field(default_factory=dict)
    objects: dict[str, dict[str, object]] = field(default_factory=dict)


def side(area_code: str, firm: str) -> Side:
    school = factories.institution()
    clerk, worker = factories.clerk(school), factories.worker(area_code=area_code, employer_name=firm)
    employer = _employer(firm)
    made = Side({"worker": worker, "clerk": clerk, "employer": employer.user})
    app, _ = factories.app_of(worker), factories.app_of(employer.user)
    made.objects = {
        **_workers(worker.person),
        **_clerks(school, Actor(means="web", user=clerk)),
        **_chiefs(school),
        **_announced(),
        **_invited(employer, worker.person),
        "factor-remove": {"pk": app.pk},
        **{key: {"pk": _token(clerk).pk} for key in ("token-rotate", "token-revoke")},
        "access-decide": {"pk": _lost(worker).pk},
        "session-end": {"pk": factories.session_of(worker).pk},
        "review-designation-report": {"pk": _designation_report().pk},
        "county-notice": {"key": md5(firm.encode(), usedforsecurity=False).hexdigest()},
    }
    return made


def _token(clerk: User) -> ApiToken:
    return token_create(user=clerk, name="教务系统", scopes=["batches:read"], by=BY)[0]


def _lost(worker: User) -> AccessGrant:
    by = Actor(means="web", user=factories.reviewer())
    return access_ask(user=worker, purpose=AccessGrant.Purpose.LOST, reason="手机丢失", by=by)


def _employer(firm: str) -> Employer:
    company = Company(code="91460000MA5T0SAMPL", name=firm, contact="林主任", phone="19900000000")
    return employer_register(company=company, username=f"firm-{firm}", password=factories.PASSWORD, by=BY)


def _invited(employer: Employer, person) -> dict[str, dict[str, object]]:
    workers_invite(employer=employer, people=[Invitee(name=person.name, id_number=person.id_number)], by=BY)
    invitation = {"pk": employer.invitations.get().pk}
    return {"employer-invitation-cancel": invitation, "employer-invitation-answer": invitation}


def _chiefs(school) -> dict[str, dict[str, object]]:
    return {
        **{key: {"pk": school.pk} for key in ("chief-institution", "chief-clerk-new")},
        "chief-qualification-end": {"pk": school.qualifications.get().pk},
        **{key: {"pk": factories.reviewer().pk} for key in ("staff-end", "staff-sessions-end")},
    }


def _announced() -> dict[str, dict[str, object]]:
    announcement = announcement_publish(
        title_zh="公告", text_zh="内容", title_en="News", text_en="Text",
        by=Actor(means="web", user=factories.staff(Role.CHIEF)),
    )  # fmt: skip
    theirs = SavedFilter.objects.create(
        user=factories.reviewer(), page="review-batches", name="我的", query="unusual=on"
    )
    return {
        "announcement": {"pk": announcement.pk},
        "chief-announcement-show": {"pk": announcement.pk},
        "filter-delete": {"pk": theirs.pk},
    }


def _workers(person) -> dict[str, dict[str, object]]:
    factories.record(person)
    exchanged, waiting, serviced = factories.paper(person), factories.paper(person), factories.paper(person)
    electronic = certificate_exchange(certificate=exchanged, by=BY)
    document_ensure(certificate=electronic)
    ready = factories.paper(person, post_code="102")
    factories.record(person, post_code="102")
    check = ArchiveCheck.objects.create(certificate=waiting, requested_at=TODAY)
    service = LegacyServiceRequest.objects.create(
        certificate=serviced,
        kind="cancellation",
        requested_by=person.user,
        requested_at=TODAY,
        explanation="不再从业",
    )
    proposal = VoidingProposal.objects.create(
        certificate=electronic,
        ground="not_engaged",
        finding="已离岗",
        found_by=factories.reviewer(),
        opened_at=TODAY,
        objection_until=TODAY.date(),
    )
    evidence = VoidingEvidence(
        proposal=proposal,
        uploaded_by=person.user,
        uploaded_at=TODAY,
        content_type="application/pdf",
        size=15,
        sha256="0" * 64,
    )
    evidence.file.save("evidence", ContentFile(b"%PDF-1.4\n%%EOF\n"))
    of_electronic, of_ready = {"pk": electronic.pk}, {"pk": ready.pk}
    return {
        "legacy-certificate": of_ready,
        "exchange": of_ready,
        "archive-check-request": of_ready,
        "legacy-service-request": of_ready | {"kind": "cancellation"},
        "electronic-certificate": of_electronic,
        "electronic-certificate-evidence": of_electronic,
        "review-certificate": of_electronic,
        "electronic-certificate-pdf": of_electronic,
        "electronic-certificate-photo": of_electronic,
        "voiding": of_electronic,
        "voiding-evidence": {"pk": evidence.pk},
        "identity-reveal": {"pk": person.pk},
        "review-person": {"pk": person.pk},
        "operator-record": {"label": "accounts.person", "pk": person.pk},
        "review-voiding": {"pk": proposal.pk},
        "review-voiding-evidence": {"pk": evidence.pk},
        "review-archive-check": {"pk": check.pk},
        "review-service": {"pk": service.pk},
    }


REVIEWED = (
    "review-batch",
    "review-batch-approve",
    "review-batch-return",
    "review-batch-row",
    "review-batch-reversal",
)


def _clerks(school, by) -> dict[str, dict[str, object]]:
    checked, submitted = batches.checked(school, by), batches.submitted(school, by)
    ready = (
        "batch-submit",
        "batch-recheck",
        "batch-detail",
        "batch-problems",
        "batch-workbook",
        "batch-cancel",
    )
    download = download_ask(kind=WORKBOOK.code, subject=str(checked.pk), by=by)
    download_make(download)
    return {
        **{key: {"pk": checked.pk} for key in ready},
        **{key: {"pk": download.pk} for key in ("download", "download-file")},
        **{key: {"pk": submitted.pk} for key in ("batch-receipt", *REVIEWED)},
        **{
            key: {"batch_id": submitted.pk}
            for key in ("api-batch-approve", "api-batch-return", "api-batch-reversals")
        },
        **{
            f"api-batch-reversal-{act}": {"batch_id": submitted.pk, "reversal_id": UUID(int=0)}
            for act in ("confirm", "dismiss")
        },
        **{
            key: {"batch_id": checked.pk}
            for key in ("api-batch", "api-batch-problems", "api-batch-workbook", "api-batch-submit")
        },
    }


def _designation_report() -> DesignationReport:
    return DesignationReport.objects.create(
        area_code="460100", authority="某局", account="指定培训机构", reported_at=TODAY
    )


PUBLIC_OBJECTS = {
    "operator-records": {"label": "accounts.person"},
    **{f"review-national-{act}": {"first": "2020-11-01"} for act in ("entered", "xlsx", "csv")},
    **{f"api-national-{what}": {"first": "2020-11-01"} for what in ("records", "csv", "xlsx")},
    "review-national-send-again": {"pk": UUID(int=0)},
    "api-national-send-again": {"delivery_id": UUID(int=0)},
    "api-status-list": {"name": "revocation-0"},
    "county-export": {"kind": "csv"},
    "employer-export": {"kind": "csv"},
    "verify-short": {"number": NUMBER_OF_NONE},
    "api-verify": {"number": NUMBER_OF_NONE},
}


FIELDS = {"employer-invitation-answer": "answer=decline"}
"""What must be sent besides, for routes that do not exist without it."""

WHOLE = {
    "batch-submit": "good_rows=on",
    "employer-invitation-answer": f"answer=consent&version={consent_text(TODAY.date()).version}",
    "legacy-service-request": "explanation=不再从业",
    "voiding": "text=课程漏报",
    "api-batch-submit": '{"drop_bad_rows": true}',
}
"""What is sent to an object of one's own, where more is needed than to press the button."""


@dataclass
class World:
    mine: Side
    theirs: Side
    users: dict[str, User]
    sessions: dict[str, str]
    callers: dict[str, Client]

    def client(self, line: Line, role: str) -> Client:
        return self.callers[role] if line.is_api else self.reader(role)

    def reader(self, role: str, **options) -> Client:
        """Return a browser in which the account of ``role`` is signed in, whatever others did before."""
        client = Client(**options)
        client.cookies[settings.SESSION_COOKIE_NAME] = self.sessions[role]
        return client

    def address(self, line: Line, side: Side) -> str:
        return reverse(line.route, kwargs={**side.objects, **PUBLIC_OBJECTS}.get(line.route))


def world_create() -> World:
    """Make everything in one go, on `TODAY`."""
    mine, theirs = side("460100", "海口样例建筑有限公司"), side("460200", "三亚样例建筑有限公司")
    users = mine.users | {role.value: _staff(role) for role in Role if role.value not in mine.users}
    return World(
        mine,
        theirs,
        users,
        {role: _session(user) for role, user in users.items()},
        {role: caller(user) for role, user in users.items()},
    )


def _session(user) -> str:
    client = Client()
    client.force_login(user)
    soon = clock.real_now() + timedelta(days=1)  # what they do here is undone, that they were seen, too
    UserSession.objects.filter(user=user).update(last_seen_at=soon, confirmed_at=soon)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def caller(user, *, without: str = "") -> Client:
    """Return another system with a token that has every scope of the role, or every scope that there is but one."""
    scopes = scopes_of(user.role)
    if not scopes:
        return Client()
    token, text = token_create(user=user, name="教务系统", scopes=scopes, by=BY)
    if without:
        token.scopes = sorted(set(ApiToken.Scope.values) - {without})
        token.save(update_fields=["scopes"])
    return Client(headers={"Authorization": f"Bearer {text}"})


def _staff(role: Role):
    return factories.staff(role, **({"area_code": "460100"} if role == Role.COUNTY else {}))
