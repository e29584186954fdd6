"""What the kernel holds about a person (see `portal.mydata`)."""

from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _

from portal.accounts.models import Acceptance, Factor, Person, Photo, User, UserSession
from portal.employers.selectors import invitations_to
from portal.models import Preference
from portal.mydata import Holding, Row, register_holding
from portal.notices.models import Notice
from portal.notices.services import wording


def _profile(person: Person) -> list[Row]:
    return [
        {
            "name": person.name,
            "id_number": person.id_number,
            "mobile": person.mobile,
            "email": person.email,
            "area_code": person.area_code,
            "employer_name": person.employer_name,
            "employer_code": person.employer_code,
            "known_since": person.created_at,
        }
    ]


def _account(person: Person) -> list[Row]:
    found = User.objects.filter(person=person)
    return [
        {
            "registered_at": user.created_at,
            "language": user.language,
            "large_display": Preference.objects.filter(user=user, large_display=True).exists(),
        }
        for user in found  # at most one
    ]


def _acceptances(person: Person) -> list[Row]:
    found = Acceptance.objects.filter(user__person=person).order_by("at")
    return [{"version": each.version, "at": each.at, "way": each.way} for each in found]


def _photos(person: Person) -> list[Row]:
    found = Photo.objects.filter(person=person).order_by("uploaded_at")
    return [{"file": _photo_name(photo), "uploaded_at": photo.uploaded_at} for photo in found]


def _photo_name(photo: Photo) -> str:
    return f"photos/{photo.uploaded_at:%Y-%m-%d}-{photo.sha256[:8]}.jpg"


def _photo_files(person: Person) -> Iterator[tuple[str, bytes]]:
    for photo in Photo.objects.filter(person=person):
        try:
            with photo.file.open("rb") as file:
                yield _photo_name(photo), file.read()
        except FileNotFoundError:
            continue


def _notices(person: Person) -> list[Row]:
    found = Notice.objects.filter(person=person).order_by("at")
    texts = ((notice, wording(notice)) for notice in found)
    return [{"at": notice.at, "title": title, "text": body} for notice, (title, body) in texts]


def _consents(person: Person) -> list[Row]:
    return [
        {
            "employer": each.employer.name,
            "credit_code": each.employer.code,
            "state": each.state,
            "invited_at": each.invited_at,
            "answered_at": each.answered_at,
            "version": each.consent_version,
        }
        for each in invitations_to(person)
    ]


def _factors(person: Person) -> list[Row]:
    found = Factor.objects.filter(user__person=person).order_by("created_at")
    return [{"kind": each.kind, "name": each.name, "since": each.created_at} for each in found]


def _sessions(person: Person) -> list[Row]:
    found = UserSession.objects.filter(user__person=person).order_by("started_at")
    return [
        {"device": each.device, "since": each.started_at, "seen": each.last_seen_at, "ended": each.ended_at}
        for each in found
    ]


def register() -> None:
    in_profile = _("You change it yourself on your profile. The ID number is corrected at the archive desk.")
    register_holding(
        Holding(
            code="profile", label=_("Who you are"), rows=_profile, correction=in_profile, url_name="profile"
        )
    )
    register_holding(Holding(code="account", label=_("Your account"), rows=_account, url_name="password"))
    register_holding(
        Holding(
            code="privacy_notice",
            label=_("Versions of the privacy notice that you accepted"),
            rows=_acceptances,
            url_name="privacy-acceptance",
        )
    )
    register_holding(
        Holding(code="factors", label=_("Your second factors"), rows=_factors, url_name="security")
    )
    register_holding(
        Holding(code="sessions", label=_("Where you were signed in"), rows=_sessions, url_name="security")
    )
    register_holding(
        Holding(
            code="photos",
            label=_("Your photos"),
            rows=_photos,
            files=_photo_files,
            correction=_("A new photo takes the place of the old one; certificates keep theirs."),
            url_name="photo",
        )
    )
    register_holding(Holding(code="notices", label=_("Notices to you"), rows=_notices, url_name="notices"))
    register_holding(
        Holding(
            code="employers",
            label=_("Employers that invited you, and your consents"),
            rows=_consents,
            correction=_("You can withdraw every consent at any time."),
            url_name="my-employers",
        )
    )
