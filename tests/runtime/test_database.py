import pytest
from django.db import IntegrityError, connection, transaction

from portal import clock
from portal.events.models import Event


def _record():
    return Event.objects.create(
        at=clock.now(), verb="test.happened", means="job", subject_kind="test", subject_id="1"
    )


@pytest.mark.django_db
def test_an_event_can_be_neither_changed_nor_deleted():
    event = _record()
    for sql in ("UPDATE events_event SET verb = ''", "DELETE FROM events_event", "TRUNCATE events_event"):
        with (
            pytest.raises(IntegrityError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(sql)
    assert Event.objects.get() == event


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("run", [1, 2])
def test_what_a_test_commits_is_gone_in_the_next(run):
    assert not Event.objects.exists()
    _record()
