"""Keys are changed while people work, and a run that was interrupted is taken up again."""

import base64

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.db import connection

from education.models import Batch, BatchRow
from portal import crypto, rotation
from portal.accounts.models import Person, Role
from portal.accounts.selectors import user_by_identifier
from portal.employers.models import Employer, Invitation
from portal.events.models import Event
from tests import factories
from tests.factories import LONG_AGO
from tests.parallel import in_threads

OLD, NEW = (base64.b64encode(bytes([byte]) * 32).decode() for byte in (1, 2))


@pytest.fixture(autouse=True)
def _old_key(settings):
    settings.FIELD_KEYS = [OLD]


def stored(person):
    with connection.cursor() as cursor:
        cursor.execute("SELECT id_number FROM accounts_person WHERE id = %s", [person.pk])
        return bytes(cursor.fetchone()[0])


def a_batch_with_a_file():
    batch = factories.approved_batch()
    batch.file.save("any", ContentFile(b"a table"))
    BatchRow.objects.create(
        batch=batch,
        number=2,
        id_number="469900198506150015",
        id_number_hash=crypto.blind_index("id_number", "469900198506150015"),
    )
    return batch


@pytest.mark.django_db
class TestNewKeys:
    def test_every_encrypted_column_and_file_is_found(self):
        columns = {str(column) for column in rotation.encrypted_columns()}
        assert columns >= {
            "accounts_person.id_number",
            "accounts_person.mobile",
            "education_batchrow.id_number",
        }
        assert "education_batch.file" in {str(column) for column in rotation.encrypted_files()}

    def test_what_is_stored_moves_to_the_newest_key_and_reads_the_same(self, settings):
        person, batch = factories.person(), a_batch_with_a_file()
        settings.FIELD_KEYS = [NEW, OLD]
        call_command("rotate_keys")
        settings.FIELD_KEYS = [NEW]
        assert Person.objects.get(pk=person.pk).id_number == person.id_number
        assert Person.objects.get(pk=person.pk).mobile == person.mobile
        assert BatchRow.objects.get(batch=batch).id_number == "469900198506150015"
        with Batch.objects.get(pk=batch.pk).file.open() as file:
            assert file.read() == b"a table"
        assert Event.objects.filter(verb="portal.keys.rotated").count() == 1

    def test_people_are_found_all_the_while(self, settings):
        user = factories.worker()
        settings.FIELD_KEYS = [NEW, OLD]
        call_command("rotate_keys")
        assert user_by_identifier(user.person.id_number) == user

    def test_a_run_that_was_interrupted_is_taken_up_where_it_ended(self, settings, monkeypatch):
        people = [factories.person() for _ in range(5)]
        settings.FIELD_KEYS = [NEW, OLD]
        monkeypatch.setattr(rotation, "AT_ONCE", 2)
        column = next(c for c in rotation.encrypted_columns() if str(c) == "accounts_person.id_number")
        rotation._values_some(column, None)
        done = {
            person.pk: stored(person) for person in people if stored(person).startswith(crypto.newest_id())
        }
        assert len(done) == 2
        call_command("rotate_keys")
        assert rotation.values_left(column) == 0
        assert all(stored(person) == done[person.pk] for person in people if person.pk in done)

    def test_a_value_that_cannot_be_read_stops_the_run_and_is_not_lost(self, settings):
        person = factories.person()
        before = stored(person)
        settings.FIELD_KEYS = [NEW, base64.b64encode(bytes(32)).decode()]
        with pytest.raises(CommandError, match="not among FIELD_KEYS"):
            call_command("rotate_keys")
        assert stored(person) == before


@pytest.mark.django_db(transaction=True)
def test_a_row_in_somebodys_hands_is_passed_over_and_done_afterwards(settings):
    """Ten people change their numbers during the run: none of it is overwritten, and all ends under the newest key."""
    people = [factories.person() for _ in range(30)]
    settings.FIELD_KEYS = [NEW, OLD]

    def act(number):
        if number == 10:
            return call_command("rotate_keys")
        return Person.objects.filter(pk=people[number].pk).update(mobile=f"1980000{number:04d}")

    in_threads(11, act)
    assert [Person.objects.get(pk=people[n].pk).mobile for n in range(10)] == [
        f"1980000{n:04d}" for n in range(10)
    ]
    call_command("rotate_keys")
    assert sum(rotation.values_left(column) for column in rotation.encrypted_columns()) == 0


@pytest.mark.django_db
class TestNewHashes:
    def test_the_older_key_can_leave_and_everybody_is_still_found(self, settings):
        user, batch = factories.worker(), a_batch_with_a_file()
        settings.FIELD_KEYS = [NEW, OLD]
        call_command("rotate_keys")
        call_command("rotate_keys", "--reindex")
        settings.FIELD_KEYS = [NEW]
        assert user_by_identifier(user.person.id_number) == user
        assert user_by_identifier(user.person.mobile) == user
        wanted = crypto.blind_index("id_number", "469900198506150015")
        assert bytes(BatchRow.objects.get(batch=batch).id_number_hash) == wanted
        assert rotation.keys_fit()

    def test_a_hash_that_stands_alone_follows_the_person_and_without_one_goes(self, settings):
        person = factories.person()
        employer = Employer.objects.create(
            user=factories.staff(Role.EMPLOYER),
            code="x",
            name="x",
            contact="x",
            phone="x",
            registered_at=LONG_AGO,
        )
        for number in (person.id_number, "469900198506150015"):
            Invitation.objects.create(
                employer=employer,
                name="x",
                id_number_hash=crypto.blind_index("id_number", number),
                id_number_masked="x",
                invited_at=LONG_AGO,
            )
        settings.FIELD_KEYS = [NEW, OLD]
        call_command("rotate_keys")
        call_command("rotate_keys", "--reindex")
        settings.FIELD_KEYS = [NEW]
        kept = [bytes(each.id_number_hash) for each in Invitation.objects.all()]
        assert kept == [crypto.blind_index("id_number", person.id_number)]

    def test_it_waits_until_everything_is_under_the_newest_key(self, settings):
        factories.person()
        settings.FIELD_KEYS = [NEW, OLD]
        with pytest.raises(CommandError, match="under an older key"):
            call_command("rotate_keys", "--reindex")

    def test_a_process_with_the_wrong_list_of_keys_does_not_serve(self, settings):
        from portal.health import readiness

        factories.person()
        assert readiness()["keys"]
        settings.FIELD_KEYS = [OLD, NEW]
        assert not readiness()["keys"]
