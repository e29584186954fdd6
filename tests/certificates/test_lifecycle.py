"""Life after issue: suspended and revoked by two people, lifted and corrected by one, in force at once everywhere."""

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client

from certificates.credentials.bitstring import list_read
from certificates.credentials.status import ListName, Purpose, encoded_list
from certificates.lifecycle.models import Measure, MeasureKind, MeasureReason
from certificates.models import CertificateDocument, CertificateVersion, ElectronicCertificate
from certificates.services import lifecycle
from certificates.services.documents import document_ensure
from certificates.services.exchange import certificate_exchange
from certificates.services.refusals import StateConflictError
from certificates.services.two_people import NotAReviewerError, SamePersonError
from certificates.verification import verify
from portal import clock
from portal.accounts.models import Role
from portal.events.models import Event
from portal.events.services import Actor
from portal.notices.models import Notice
from portal.notices.services import wording
from tests import factories
from tests.certificates import measures
from tests.certificates.lapsing import actor
from tests.factories import shanghai
from tests.parallel import in_threads

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_the_window(db):
    clock.move_to(shanghai(2020, 12, 28, 9), running=False)


@pytest.fixture
def certificate():
    return certificate_exchange(certificate=factories.ready_to_exchange(), by=Actor.command("test"))


def is_set(purpose, version):
    return list_read(encoded_list(ListName(purpose, version.status_list)), version.status_index)


def signed_in():
    client = Client()
    client.force_login(factories.reviewer())
    return client


def state_of(certificate):
    return verify(certificate.number, at=clock.now()).state


class TestTwoPeopleTakeRights:
    @pytest.mark.parametrize(
        ("kind", "reason", "state"),
        [
            (MeasureKind.SUSPEND, MeasureReason.COMPLAINT, "suspended"),
            (MeasureKind.REVOKE, MeasureReason.ISSUED_IN_ERROR, "void"),
        ],
    )
    def test_one_asks_and_nothing_changes_until_another_decides(self, certificate, kind, reason, state):
        measure = measures.asked(certificate, kind, reason)
        assert state_of(certificate) == "valid"
        measures.approved(measure)
        assert state_of(certificate) == state
        certificate.refresh_from_db()
        assert certificate.state_changed_at == clock.now()

    def test_whoever_asked_never_decides_but_may_take_it_back(self, certificate):
        person = factories.reviewer()
        measure = measures.asked(certificate, by=person)
        with pytest.raises(SamePersonError):
            measures.approved(measure, by=person)
        lifecycle.measure_decide(measure=measure, approved=False, refusal="有误", by=actor(person))
        assert state_of(certificate) == "valid"
        with pytest.raises(StateConflictError):
            measures.approved(measure)

    def test_the_database_refuses_a_measure_of_one_person_and_a_state_without_a_measure(self, certificate):
        measure = measures.asked(certificate)
        with pytest.raises(IntegrityError), transaction.atomic():
            Measure.objects.filter(pk=measure.pk).update(
                state="done", decided_at=clock.now(), decided_by=measure.asked_by
            )
        for change in (
            {"state": "suspended"},
            {"state": "suspended", "state_changed_at": clock.now()},
            {"state": "void", "void_reason": "revoked", "state_changed_at": clock.now()},
        ):
            with pytest.raises(DatabaseError), transaction.atomic():
                ElectronicCertificate.objects.update(**change)

    def test_the_database_refuses_to_rewrite_what_was_decided(self, certificate):
        measure = measures.suspended(certificate)
        with pytest.raises(DatabaseError), transaction.atomic():
            Measure.objects.filter(pk=measure.pk).update(explanation="x")
        with pytest.raises(DatabaseError), transaction.atomic():
            measure.delete()

    def test_a_second_measure_waits_for_the_first(self, certificate):
        measures.asked(certificate)
        with pytest.raises(lifecycle.MeasureWaitingError):
            measures.asked(certificate, MeasureKind.REVOKE, MeasureReason.FRAUD)

    def test_a_refusal_needs_a_reason_and_a_measure_words_and_a_reason_of_its_list(self, certificate):
        measure = measures.asked(certificate)
        with pytest.raises(ValueError, match="reason"):
            lifecycle.measure_decide(
                measure=measure, approved=False, refusal=" ", by=actor(factories.reviewer())
            )
        with pytest.raises(ValueError, match="reason"):
            measures.asked(certificate, MeasureKind.SUSPEND, MeasureReason.NAME_CHANGED)
        with pytest.raises(ValueError, match="words"):
            lifecycle.suspension_lift(
                certificate=certificate,
                reason=MeasureReason.CLEARED,
                explanation=" ",
                by=actor(factories.reviewer()),
            )

    @pytest.mark.parametrize("role", [Role.CLERK, Role.EMPLOYER])
    def test_only_reviewers_act(self, certificate, role):
        with pytest.raises(NotAReviewerError):
            measures.asked(certificate, by=factories.staff(role))
        with pytest.raises(NotAReviewerError):
            measures.approved(measures.asked(certificate), by=factories.staff(role))

    @pytest.mark.django_db(transaction=True)
    def test_of_two_who_decide_at_once_one_is_first(self, certificate):
        measure, people = measures.asked(certificate), [factories.reviewer() for _ in range(2)]
        done = in_threads(2, lambda n: measures.approved(measure, by=people[n]), may_raise=StateConflictError)
        assert sorted(type(each).__name__ for each in done) == ["Measure", "StateConflictError"]
        assert Event.objects.filter(verb="certificates.measure.suspended").count() == 1


class TestEffects:
    def test_a_suspension_shows_in_its_list_at_once_and_goes_with_its_lifting(self, certificate):
        version = certificate.versions.get()
        assert not is_set(Purpose.SUSPENSION, version)
        measures.suspended(certificate)
        assert is_set(Purpose.SUSPENSION, version)
        assert not is_set(Purpose.REVOCATION, version)
        measures.lifted(certificate)
        assert not is_set(Purpose.SUSPENSION, version)
        assert state_of(certificate) == "valid"

    def test_a_revocation_shows_in_its_list_and_is_final(self, certificate):
        measures.revoked(certificate)
        assert is_set(Purpose.REVOCATION, certificate.versions.get())
        answer = verify(certificate.number, at=clock.now())
        assert (answer.state, answer.reason) == ("void", "revoked")
        for act in (measures.asked, measures.lifted, measures.corrected):
            with pytest.raises(StateConflictError):
                act(certificate)

    def test_a_suspended_certificate_can_be_revoked_but_not_suspended_again(self, certificate):
        measures.suspended(certificate)
        with pytest.raises(StateConflictError):
            measures.asked(certificate)
        measures.revoked(certificate)
        assert state_of(certificate) == "void"

    @pytest.mark.parametrize("act", ["suspended", "revoked", "lifted", "corrected"])
    def test_the_holder_is_told_why_in_the_reviewers_words(self, certificate, act):
        if act == "lifted":
            measures.suspended(certificate)
        getattr(measures, act)(certificate)
        title, body = wording(Notice.objects.filter(code=f"certificates.{act}").get())
        assert title
        assert certificate.number in body
        assert measures.WORDS in body

    def test_every_step_is_an_event_with_its_reason(self, certificate):
        measures.suspended(certificate)
        measures.lifted(certificate)
        verbs = Event.objects.filter(verb__startswith="certificates.measure.").order_by("id")
        assert [event.verb.rsplit(".")[-1] for event in verbs] == ["suspension_asked", "suspended", "lifted"]
        assert [event.data["why"] for event in verbs] == ["lent", "lent", "cleared"]


class TestACorrection:
    def test_keeps_number_and_gives_the_next_version(self, certificate):
        old = certificate.versions.get()
        measures.corrected(certificate, "陈海升")
        certificate.refresh_from_db()
        new = certificate.versions.get(superseded_at=None)
        assert (new.version, new.holder_name, certificate.holder_name) == (2, "陈海升", "陈海升")
        assert (certificate.version, state_of(certificate)) == (2, "valid")
        old.refresh_from_db()
        assert (old.holder_name, old.superseded_at) == ("陈海生", clock.now())
        assert is_set(Purpose.REVOCATION, old)
        assert not is_set(Purpose.REVOCATION, new)
        assert (old.status_list, old.status_index) != (new.status_list, new.status_index)

    def test_takes_the_photo_that_the_profile_has_now(self, certificate):
        person = certificate.person
        person.photo = factories.photo_of(person)
        person.save(update_fields=["photo"])
        measures.corrected(certificate, name="", reason=MeasureReason.PHOTO)
        versions = CertificateVersion.objects.order_by("version").values_list("photo_id", flat=True)
        assert list(versions) == [certificate.photo_id, person.photo_id]

    @pytest.mark.parametrize(
        ("name", "reason"), [("陈海生", MeasureReason.NAME_MISSPELT), ("", MeasureReason.PHOTO)]
    )
    def test_that_changes_nothing_is_refused(self, certificate, name, reason):
        with pytest.raises(lifecycle.NothingToCorrectError):
            measures.corrected(certificate, name, reason)
        assert certificate.versions.count() == 1

    @pytest.mark.parametrize(
        ("name", "reason"),
        [
            ("", MeasureReason.NAME_MISSPELT),
            ("  ", MeasureReason.NAME_CHANGED),
            ("陈海升 ", MeasureReason.NAME_MISSPELT),
            ("123", MeasureReason.NAME_MISSPELT),
            ("陈海升", MeasureReason.PHOTO),
        ],
    )
    def test_of_a_name_never_takes_a_photo_instead_nor_the_other_way_round(self, certificate, name, reason):
        person = certificate.person
        person.photo = factories.photo_of(person)
        person.save(update_fields=["photo"])
        with pytest.raises(ValueError, match="correction"):
            measures.corrected(certificate, name, reason)
        assert certificate.versions.count() == 1

    def test_of_a_name_keeps_the_photo_that_was_printed(self, certificate):
        person = certificate.person
        person.photo = factories.photo_of(person)
        person.save(update_fields=["photo"])
        measures.corrected(certificate, "陈海升")
        assert certificate.versions.get(version=2).photo_id == certificate.photo_id

    def test_of_a_suspended_certificate_leaves_it_suspended(self, certificate):
        measures.suspended(certificate)
        measures.corrected(certificate)
        assert state_of(certificate) == "suspended"
        assert is_set(Purpose.SUSPENSION, certificate.versions.get(superseded_at=None))

    def test_has_a_document_of_its_own(self, certificate):
        document_ensure(certificate=certificate)
        measures.corrected(certificate)
        document_ensure(certificate=certificate)
        documents = CertificateDocument.objects.order_by("version")
        assert [document.version for document in documents] == [1, 2]
        assert len({document.sha256 for document in documents}) == 2


class TestTheReviewersPage:
    @pytest.fixture
    def page(self, client, certificate):
        client.force_login(factories.reviewer())
        return f"/review/certificates/{certificate.pk}/"

    def test_tells_the_whole_history_in_words(self, client, page, certificate):
        measures.suspended(certificate)
        shown = client.get(page).content.decode()
        for told in (
            "电子证书暂停",
            measures.WORDS,
            certificate.replaces.number,
            certificate.person.masked_id_number,
        ):
            assert told in shown
        assert certificate.person.id_number not in shown

    def test_offers_what_the_state_allows(self, client, page, certificate):
        def offered():
            return {form.kind.value for form in client.get(page).context["forms"]}

        assert offered() == {"suspend", "revoke", "correct"}
        measures.suspended(certificate)
        assert offered() == {"lift", "revoke", "correct"}
        measure = measures.asked(certificate, MeasureKind.REVOKE, MeasureReason.FRAUD)
        assert offered() == {"lift", "correct"}
        measures.approved(measure)
        assert offered() == set()

    def test_two_reviewers_suspend_a_certificate_in_two_posts(self, client, page, certificate):
        wanted = {"act": "suspend", "suspend-reason": "complaint", "suspend-explanation": "举报待查"}
        assert client.post(page, wanted).status_code == 302
        approval = {"act": "approve", "measure": Measure.objects.get().pk}
        assert client.post(page, approval, follow=True).context["waiting"]
        client.force_login(factories.reviewer())
        assert client.post(page, approval).status_code == 302
        assert state_of(certificate) == "suspended"

    def test_refuses_with_a_reason_only(self, client, page, certificate):
        refusal = {"act": "refuse", "measure": measures.asked(certificate).pk}
        assert client.post(page, refusal | {"refusal": ""}).status_code == 422
        assert client.post(page, refusal | {"refusal": "证据不足"}).status_code == 302
        assert Measure.objects.get().refusal == "证据不足"

    def test_corrects_a_name(self, client, page, certificate):
        wanted = {
            "act": "correct",
            "correct-reason": "name_misspelt",
            "correct-name": "陈海升",
            "correct-explanation": "登记有误",
        }
        assert client.post(page, wanted | {"correct-name": ""}).status_code == 422
        assert client.post(page, wanted).status_code == 302
        certificate.refresh_from_db()
        assert certificate.holder_name == "陈海升"

    @pytest.mark.parametrize("act", ["approve", "refuse"])
    def test_never_decides_on_another_measure_than_the_one_that_was_shown(
        self, client, page, certificate, act
    ):
        shown = measures.asked(certificate)
        measures.refused(shown)
        waits = measures.asked(certificate, MeasureKind.REVOKE, MeasureReason.FRAUD)
        decision = {"act": act, "measure": shown.pk, "refusal": "证据不足"}
        answer = client.post(page, decision, follow=True)
        assert "状态已发生变化" in answer.content.decode()
        waits.refresh_from_db()
        assert waits.state == Measure.State.OPEN
        assert state_of(certificate) == "valid"

    def test_whoever_comes_late_is_told_so(self, client, page, certificate):
        measure = measures.asked(certificate)
        measures.approved(measure)
        for late in (
            {"act": "approve", "measure": measure.pk},
            {"act": "refuse", "measure": measure.pk, "refusal": "证据不足"},
            {"act": "suspend", "suspend-reason": "lent", "suspend-explanation": "出借证书"},
        ):
            assert "状态已发生变化" in client.post(page, late, follow=True).content.decode()
        assert not Event.objects.filter(verb="accounts.access.refused").exists()

    @pytest.mark.django_db(transaction=True)
    def test_of_two_browsers_that_ask_and_two_that_decide_one_each_is_first(self, certificate, page):
        clients = [signed_in() for _ in range(4)]
        asked = [
            {"act": "suspend", "suspend-reason": "lent", "suspend-explanation": "出借证书"},
            {"act": "revoke", "revoke-reason": "fraud", "revoke-explanation": "骗取证书"},
        ]
        in_threads(2, lambda n: clients[n].post(page, asked[n]))
        waits = Measure.objects.get()
        decided = [{"act": "approve"}, {"act": "refuse", "refusal": "证据不足"}]
        in_threads(2, lambda n: clients[2 + n].post(page, decided[n] | {"measure": waits.pk}))
        waits.refresh_from_db()
        approved = {"suspend": "suspended", "revoke": "void"}[waits.kind]
        assert state_of(certificate) == {"done": approved, "refused": "valid"}[waits.state]
        assert Event.objects.filter(verb__startswith="certificates.measure.").count() == 2

    @pytest.mark.parametrize("act", ["", "lift", "approve", "nonsense"])
    def test_what_is_not_offered_is_not_done(self, client, page, certificate, act):
        client.post(page, {"act": act, "lift-reason": "cleared", "lift-explanation": "x"})
        assert state_of(certificate) == "valid"
        assert not Measure.objects.exists()

    def test_the_list_shows_what_waits_and_finds_any_certificate(self, client, page, certificate):
        measures.asked(certificate)
        assert certificate.number in client.get("/review/certificates/").content.decode()
        for text in (certificate.number, certificate.replaces.number, certificate.person.id_number, "海生"):
            shown = client.post("/review/certificates/", {"text": text}).content.decode()
            assert page in shown
        assert client.get("/review/").status_code == 200

    def test_a_character_that_no_font_has_is_pointed_out_until_it_is_put_right(
        self, client, page, certificate
    ):
        pages = (page, "/review/certificates/")
        document_ensure(certificate=certificate)
        assert not any("〓" in client.get(each).content.decode() for each in pages)
        measures.corrected(certificate, "陈\U00033fff生")
        assert document_ensure(certificate=certificate).unprintable == "\U00033fff"
        for each in pages:
            shown = client.get(each).content.decode()
            assert "〓" in shown
            assert "\U00033fff (U+33FFF)" in shown
        measures.corrected(certificate, "陈海生")
        document_ensure(certificate=certificate)
        assert not any("〓" in client.get(each).content.decode() for each in pages)

    @pytest.mark.parametrize("role", [Role.CLERK, Role.EMPLOYER])
    def test_nobody_else_sees_it(self, client, page, role):
        client.force_login(factories.staff(role))
        assert client.get(page).status_code == 404
        assert client.get("/review/certificates/").status_code == 404
