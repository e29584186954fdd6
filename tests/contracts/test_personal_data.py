"""Identifying numbers are nowhere in the clear: not in a table, not in a file, not in a log. And nobody adds a field unseen."""

import logging
import re
from io import StringIO

import pytest
import redis
from django.apps import apps
from django.conf import settings
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, models
from django.test import Client

from certificates.models import ElectronicCertificate
from education.models import Batch
from education.services import batch_check
from portal import clock
from portal.accounts.models import Person, Role
from portal.fields import EncryptedTextField
from tests import factories
from tests.education.batches import JOB
from tests.education.sheets import row, workbook
from tests.factories import PASSWORD, shanghai

INVENTORY = settings.BASE_DIR / "docs" / "security" / "privacy.md"
NOT_OURS = {"auth", "contenttypes"}
WRONG_DIGIT = "469900198506150018"
COPIED_INTO_REMARK = "469900199001010039"


class TestTheInventory:
    """`docs/security/privacy.md` names every field once; a new one fails here until somebody has thought about it."""

    def rows(self):
        lines = re.findall(r"^\| `(\w+\.\w+)` \|(.*)\|$", INVENTORY.read_text("utf-8"), re.MULTILINE)
        return {name: [cell.replace("–", "").split() for cell in cells.split("|")] for name, cells in lines}

    def models(self):
        return {m._meta.label: m for m in apps.get_models() if m._meta.app_label not in NOT_OURS}

    def test_it_names_every_field_of_every_model_once(self):
        written = {
            name: sorted(field for cell in cells for field in cell) for name, cells in self.rows().items()
        }
        fields = {
            name: sorted(field.name for field in model._meta.concrete_fields)
            for name, model in self.models().items()
        }
        assert written == fields

    def test_what_identifies_is_encrypted_or_a_keyed_hash_and_nothing_else_is(self):
        """Other hashes (of tokens, of the log) identify nobody."""
        for name, (identifying, *_others) in self.rows().items():
            fields = {field.name: field for field in self.models()[name]._meta.concrete_fields}
            assert all(
                isinstance(fields[field], (EncryptedTextField, models.BinaryField)) for field in identifying
            )
            assert {n for n, field in fields.items() if isinstance(field, EncryptedTextField)} <= set(
                identifying
            )


@pytest.fixture
def everything_logged(caplog):
    """Every logger says all it has to say, but for those that the settings keep quiet in every deployment."""
    names = logging.root.manager.loggerDict.keys() - settings.LOGGING["loggers"].keys()
    levels = {logger: logger.level for logger in map(logging.getLogger, names)}
    for logger in levels:
        logger.setLevel(logging.DEBUG)
    with caplog.at_level(logging.DEBUG):
        yield caplog
    for logger, level in levels.items():
        logger.setLevel(level)


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def journey():
    """Let people do what they do, and also what they do wrong; return every number that came up."""
    number, mobile, stranger = factories.fresh_id_number(), "19912345678", factories.fresh_id_number()
    worker, anyone = Client(), Client()
    register = {"id_number": number, "name": "陈海生", "mobile": mobile, "password": PASSWORD}
    assert worker.post("/register/", register).status_code == 302
    assert anyone.post("/register/", register | {"password": "another-word-41"}).status_code == 422
    assert anyone.post("/register/", register | {"id_number": WRONG_DIGIT}).status_code == 422
    for identifier in (number, mobile, stranger, WRONG_DIGIT):
        assert anyone.post("/sign-in/", {"identifier": identifier, "password": "no"}).status_code == 422
    assert Client().post("/sign-in/", {"identifier": mobile, "password": PASSWORD}).status_code == 302
    for typed in (number, mobile, WRONG_DIGIT):
        anyone.get("/verify/", {"number": typed})
        anyone.get(f"/v/{typed}")
        anyone.get(f"/api/v1/verify/{typed}/")
    person = Person.objects.get(user__isnull=False)
    profile = {
        "name": "陈海生",
        "mobile": mobile,
        "area_code": "460100",
        "employment": "none",
        "without_employer": "on",
    }
    worker.post("/me/profile/", profile)
    worker.post("/me/photo/", {"photo": SimpleUploadedFile("photo.jpg", factories.jpeg())})
    paper = factories.paper(person)
    _reported(row(身份证号=number, 证书编号=paper.number, 姓名="陈海生"), stranger)
    person.refresh_from_db()
    if person.photo is None or person.profile_completed_at is None:
        Person.objects.filter(pk=person.pk).update(
            area_code="460100", without_employer=True, profile_completed_at=clock.now()
        )
        person.photo = factories.photo_of(person)
        person.save(update_fields=["photo"])
    worker.post(f"/me/certificates/{paper.pk}/exchange/")
    reviewer, auditor = signed_in(factories.reviewer()), signed_in(factories.staff(Role.AUDITOR))
    reviewer.post("/review/archive-checks/", {"text": number})
    reviewer.post(f"/review/people/{person.pk}/id-number/", {"reason": "核对身份证原件"})
    auditor.post("/audit/", {"text": number})
    for page in ("/me/", "/me/profile/", "/me/education/", "/me/data/", "/notices/"):
        worker.get(page)
    worker.post("/me/data/export/")
    return [number, mobile, stranger, WRONG_DIGIT, COPIED_INTO_REMARK]


def _reported(good, stranger):
    """Report a file with a good row, rows with spoiled numbers, and a stranger's; then without the bad ones."""
    school = factories.institution()
    clerk, reviewer = signed_in(factories.clerk(school)), signed_in(factories.reviewer())
    file = workbook(
        good,
        row(身份证号=WRONG_DIGIT),
        row(身份证号=f"{COPIED_INTO_REMARK}9"),
        row(身份证号=stranger),
        row(课程名称="另一门课", 备注="身份证复印件已核"),
    )
    clerk.post("/institution/batches/upload/", {"file": SimpleUploadedFile("十月.xlsx", file)})
    batch = Batch.objects.get()
    batch_check(batch.pk, by=JOB)
    for page in ("", "problems/", "workbook/"):
        clerk.get(f"/institution/batches/{batch.pk}/{page}").getvalue()
    clerk.post(f"/institution/batches/{batch.pk}/submit/", {"good_rows": "on"})
    reviewer.get(f"/review/batches/{batch.pk}/")
    reviewer.post(f"/review/batches/{batch.pk}/approve/")


def tables():
    """Yield each table with everything in it, as text."""
    with connection.cursor() as cursor:
        for name in connection.introspection.table_names(cursor):
            out = StringIO()
            cursor.copy_expert(f'COPY "{name}" TO STDOUT', out)
            yield name, out.getvalue()


READ = {
    b"string": lambda store, key: store.get(key),
    b"list": lambda store, key: store.lrange(key, 0, -1),
    b"hash": lambda store, key: store.hgetall(key),
    b"set": lambda store, key: store.smembers(key),
    b"zset": lambda store, key: store.zrange(key, 0, -1, withscores=True),
}


def redis_content():
    """Return every key and value of cache, limits and queue, the arguments of waiting tasks among them, as text."""
    store = redis.from_url(settings.REDIS_URL)
    return "".join(f"{key} {READ[store.type(key)](store, key)}" for key in store.scan_iter())


def letters():
    """Return what left by e-mail and by short message, as text."""
    outbox = [path for path in settings.EMAIL_FILE_PATH.parent.rglob("*") if path.is_file()]
    return [letter.message().as_string() for letter in mail.outbox] + [path.read_text() for path in outbox]


@pytest.mark.django_db
def test_after_a_full_journey_no_number_is_in_a_table_a_file_or_a_log(everything_logged):
    clock.move_to(shanghai(2020, 11, 30, 10), running=False)
    before = set(settings.MEDIA_ROOT.rglob("*"))
    numbers = journey()
    assert ElectronicCertificate.objects.count() == 1
    assert any("/sign-in/" in line for line in everything_logged.messages)
    for number in numbers:
        assert [name for name, content in tables() if number in content] == []
        assert [line for line in everything_logged.messages if number in line] == []
    queued, sent = redis_content(), letters()
    assert "Limits" in queued or "LIMITS" in queued
    for number in numbers:
        assert number not in queued
        assert [letter for letter in sent if number in letter] == []
    files = [path for path in set(settings.MEDIA_ROOT.rglob("*")) - before if path.is_file()]
    assert files
    for path in files:
        content = path.read_bytes()
        assert not content.startswith(b"PK")  # a workbook in the clear hides its text from a search
        assert not [number for number in numbers if number.encode() in content]


@pytest.mark.django_db
def test_the_search_would_find_one():
    """Were the dump empty or the search wrong, the test above could not fail."""
    factories.person(employer_name="469900198506150018")
    assert [name for name, content in tables() if "469900198506150018" in content] == ["accounts_person"]
