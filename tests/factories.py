"""What tests stand on: one function a thing, every argument with an ordinary default.

ID numbers carry the place code 469900, which no place has, and a right check digit.
"""

import hashlib
import io
import itertools
from datetime import date, datetime
from functools import cache

from django.contrib.auth.hashers import make_password
from django.core.files.base import ContentFile
from PIL import Image

from certificates.models import LegacyCertificate
from certificates.numbers import normalise_number
from education.models import Batch, CERecord
from institutions.models import Ground, Institution, Membership, Qualification
from portal import clock, crypto
from portal.accounts.factors import is_required
from portal.accounts.models import Factor, Person, Photo, Role, User, UserSession
from portal.clock import SHANGHAI

PASSWORD = "bridge-crane-41"
APP_SECRET = "KVKFKRCPNZQUYMLXOVYDSQKJKZDTSRLD"
"""What the authenticator apps of all staff share with the portal."""
_counter = itertools.count(1)


def shanghai(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=SHANGHAI)


LONG_AGO = shanghai(2020, 7, 2, 9)


def id_number(serial: int, birth: date = date(1985, 6, 15)) -> str:
    body = f"469900{birth:%Y%m%d}{serial % 1000:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11]


def fresh_id_number() -> str:
    serial = next(_counter)
    return id_number(serial, date(1970 + serial // 1000 % 30, 1 + serial // 30000 % 12, 15))


def person(
    name: str = "陈海生", *, number: str | None = None, complete: bool = True, photo: bool = True, **values
) -> Person:
    number = number or fresh_id_number()
    mobile = values.pop("mobile", f"199{next(_counter):08d}" if complete else None)
    made = Person.objects.create(
        name=name,
        id_number=number,
        id_number_hash=crypto.blind_index("id_number", number),
        mobile=mobile,
        mobile_hash=crypto.blind_index("mobile", mobile) if mobile else None,
        area_code=values.pop("area_code", "460100"),
        employer_name=values.pop("employer_name", "海口样例建筑有限公司"),
        profile_completed_at=LONG_AGO if complete else None,
        created_at=LONG_AGO,
        **values,
    )
    if photo:
        made.photo = photo_of(made)
        made.save(update_fields=["photo"])
    return made


@cache
def jpeg(width: int = 300, height: int = 420, colour: str = "#7fa8b8") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(buffer, "JPEG")
    return buffer.getvalue()


def photo_of(owner: Person) -> Photo:
    content = jpeg()
    digest = hashlib.sha256(content).hexdigest()
    made = Photo(person=owner, width=300, height=420, sha256=digest, uploaded_at=LONG_AGO)
    made.file.save("photo.jpg", ContentFile(content), save=False)
    made.save()
    return made


def worker(owner: Person | None = None, **values) -> User:
    return _user(Role.WORKER, person=owner or person(**values))


def reviewer(username: str | None = None) -> User:
    return _user(Role.REVIEWER, username=username or f"reviewer-{next(_counter)}")


def staff(role: Role, **values) -> User:
    return _user(role, username=f"{role.value}-{next(_counter)}", **values)


def clerk(institution_: Institution | None = None) -> User:
    made = _user(Role.CLERK, username=f"clerk-{next(_counter)}")
    Membership.objects.create(user=made, institution=institution_ or institution())
    return made


@cache
def _password_hash() -> str:
    """The hash of `PASSWORD`, worked out once: one takes as long as many a test."""
    return make_password(PASSWORD)


def _user(role: Role, **values) -> User:
    made = User.objects.create(role=role, password=_password_hash(), created_at=LONG_AGO, **values)
    if is_required(made):
        app_of(made)
    return made


def app_of(user: User) -> Factor:
    """The authenticator app of an account."""
    return Factor.objects.create(user=user, kind=Factor.Kind.APP, secret=APP_SECRET, created_at=LONG_AGO)


def session_of(user: User, **values) -> UserSession:
    """A session that began just now, with everything proved that its account can prove."""
    at = clock.real_now()
    return UserSession.objects.create(
        user=user, **{"started_at": at, "last_seen_at": at, "confirmed_at": at, **values}
    )


def institution(name: str = "海口样例培训中心", *, qualified: bool = True) -> Institution:
    made = Institution.objects.create(
        code=f"91460000MA{next(_counter):08d}", name=name, area_code="460100", created_at=LONG_AGO
    )
    if qualified:
        Qualification.objects.create(
            institution=made,
            ground=Ground.NATIONAL_DIRECTORY,
            valid_from=date(2019, 1, 1),
            created_at=LONG_AGO,
        )
    return made


def paper(owner: Person, **values) -> LegacyCertificate:
    number = values.pop("number", f"琼样培 {next(_counter):08d}")
    return LegacyCertificate.objects.create(
        person=owner,
        number=number,
        number_key=normalise_number(number),
        imported_at=LONG_AGO,
        **{
            "holder_name": owner.name,
            "kind": "post_training",
            "post_code": "101",
            "issuer": "hainan-assessment-office",
            "issuer_name": "海南省住房和城乡建设领域现场专业人员岗位培训考核评价工作领导小组办公室",
            "issued_on": date(2016, 5, 4),
            "expires_on": date(2022, 5, 3),
            "area_code": owner.area_code,
            "in_national_system": True,
            **values,
        },
    )


def approved_batch(of: Institution | None = None) -> Batch:
    """An approved batch without rows: something for a record to belong to."""
    of = of or institution()
    by, judge, serial = clerk(of), reviewer(), next(_counter)
    return Batch.objects.create(
        institution=of,
        uploaded_by=by,
        filename="sample.xlsx",
        sha256=f"{serial:064x}",
        state="approved",
        uploaded_at=LONG_AGO,
        checked_at=LONG_AGO,
        submitted_at=LONG_AGO,
        submitted_by=by,
        decided_at=LONG_AGO,
        decided_by=judge,
        quota_month=date(2020, 7, 1),
        quota_place=serial,
    )


def record(owner: Person, batch: Batch | None = None, **values) -> CERecord:
    batch = batch or approved_batch()
    return CERecord.objects.create(
        person=owner,
        batch=batch,
        institution=batch.institution,
        row_number=next(_counter),
        approved_at=LONG_AGO,
        **{
            "post_code": "101",
            "course": "施工现场安全与质量",
            "mode": "online",
            "started_on": date(2020, 10, 12),
            "ended_on": date(2020, 10, 20),
            "hours": 320,
            "professional_hours": 220,
            "passed": True,
            **values,
        },
    )


def ready_to_exchange(**values) -> LegacyCertificate:
    """A paper certificate for which all twelve checks pass."""
    owner = person(**values)
    record(owner)
    return paper(owner)
