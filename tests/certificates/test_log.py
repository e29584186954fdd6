"""The transparency log: every change becomes a leaf, nothing is ever rewritten, and what is altered behind it is found."""

import io
import json
import threading

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction

from certificates.credentials.keys import key_set, public_keys
from certificates.log import services, tree
from certificates.log.audit import log_audit
from certificates.log.models import LeafKind, LogCheckpoint, LogLeaf, LogNode, LogPending
from certificates.log.note import NoteError, TreeHead, note_read
from certificates.log.proofs import NoSuchProofError, checkpoint, consistency, evidence, inclusion
from certificates.log.services import log_sequence, log_size
from certificates.models import (
    CertificateVersion,
    ElectronicCertificate,
    LegacyCertificate,
    ServiceKind,
    WindowClosing,
)
from certificates.services import voiding
from certificates.services.closing import window_close_if_due
from certificates.services.exchange import certificate_exchange
from certificates.services.legacy import ServiceWishes, legacy_service_decide, legacy_service_request
from portal import clock
from portal.events.services import Actor
from tests import factories
from tests.behind import behind_the_back
from tests.certificates import lapsing, measures
from tests.certificates.test_log_tree import script
from tests.factories import shanghai
from tests.parallel import in_threads

pytestmark = pytest.mark.django_db
BY = Actor.command("test")


@pytest.fixture(autouse=True)
def _in_the_window(db):
    clock.move_to(shanghai(2020, 12, 28, 9), running=False)


def exchanged(name="陈海生") -> ElectronicCertificate:
    return certificate_exchange(certificate=factories.ready_to_exchange(name=name), by=BY)


def kinds():
    return list(LogLeaf.objects.order_by("index").values_list("kind", flat=True))


class TestWhatBecomesALeaf:
    def test_an_exchange_is_two_leaves_the_issue_and_the_end_of_the_paper(self):
        exchanged()
        assert log_sequence() == 2
        assert kinds() == ["issued", "exchanged"]
        assert not LogPending.objects.exists()

    def test_a_certificate_that_two_people_void_and_reinstate_is_two_more(self):
        first, second = (lapsing.actor(factories.reviewer()) for _ in range(2))
        proposal = lapsing.proposal()
        lapsing.stand_at(lapsing.OBJECTION_OVER)
        voiding.voiding_confirm(proposal=proposal, by=first)
        voiding.voiding_approve(proposal=proposal, by=second)
        voiding.reinstatement_ask(proposal=proposal, reason="工作失误", by=first)
        voiding.reinstatement_decide(proposal=proposal, approved=True, by=second)
        log_sequence()
        leaves = list(LogLeaf.objects.order_by("index").values_list("kind", "state", "reason"))
        assert leaves == [("voided", "void", "hours"), ("reinstated", "valid", "")]

    def test_what_people_do_after_the_issue_is_a_leaf_each(self):
        certificate = exchanged()
        measures.suspended(certificate)
        measures.lifted(certificate)
        measures.corrected(certificate)
        measures.revoked(certificate)
        log_sequence()
        assert kinds()[2:] == ["suspended", "lifted", "corrected", "voided"]
        assert LogLeaf.objects.get(kind="voided").version.version == 2
        assert log_audit().findings == []

    def test_a_paper_that_is_cancelled_is_a_leaf(self):
        worker = factories.worker()
        paper = factories.paper(worker.person)
        clock.move_to(shanghai(2020, 11, 2, 9), running=False)
        wanted = legacy_service_request(
            certificate=paper,
            kind=ServiceKind.CANCELLATION,
            explanation="不再需要",
            wishes=ServiceWishes(),
            by=lapsing.actor(worker),
        )
        legacy_service_decide(
            request=wanted, approved=True, reason="", by=lapsing.actor(factories.reviewer())
        )
        log_sequence()
        assert kinds() == ["cancelled"]
        assert log_audit().findings == []

    def test_the_closing_of_the_window_is_a_leaf(self):
        clock.move_to(shanghai(2021, 1, 1), running=False)
        window_close_if_due(by=BY)
        log_sequence()
        assert kinds() == ["window_closed"]

    def test_a_leaf_shows_nobody_anything_and_two_equal_certificates_have_different_ones(self):
        exchanged("陈海生")
        exchanged("陈海生")
        log_sequence()
        leaves = {bytes(leaf.leaf_hash) for leaf in LogLeaf.objects.all()}
        assert len(leaves) == 4
        assert len({bytes(version.commitment_salt) for version in CertificateVersion.objects.all()}) == 2

    def test_a_change_that_is_undone_leaves_nothing(self):
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            exchanged()
            raise ZeroDivisionError
        assert log_sequence() == 0

    @pytest.mark.django_db(transaction=True)
    def test_nothing_is_logged_outside_the_transaction_of_its_change(self):
        certificate = exchanged()
        with pytest.raises(transaction.TransactionManagementError):
            services.certificate_log(LeafKind.VOIDED, certificate=certificate, at=clock.now())


class TestProofs:
    @pytest.fixture
    def five(self):
        for _ in range(5):
            exchanged()
            log_sequence()

    def test_every_leaf_is_in_every_later_tree(self, five):
        for size in range(1, 11):
            for index in range(size):
                proof = inclusion(index, size)
                script.check_inclusion(index, size, proof.leaf, proof.path, proof.root)

    def test_every_tree_continues_every_earlier_one(self, five):
        for second in range(1, 11):
            for first in range(1, second + 1):
                proof = consistency(first, second)
                script.check_consistency(first, second, proof.first_root, proof.second_root, proof.path)

    @pytest.mark.parametrize("asked", [(-1, 4), (4, 4), (0, 0), (0, 99)])
    def test_a_leaf_or_a_tree_that_is_not_there_is_refused(self, five, asked):
        with pytest.raises(NoSuchProofError):
            inclusion(*asked)

    def test_a_proof_is_one_read_of_hashes(self, five, django_assert_num_queries):
        with django_assert_num_queries(2):  # the size, the hashes
            inclusion(3, 10)

    def test_the_holder_proves_what_the_log_says_with_the_stand_alone_script(self, five, tmp_path, capsys):
        certificate = ElectronicCertificate.objects.order_by("number")[2]
        (tmp_path / "keys.json").write_text(json.dumps(key_set(public_keys())), encoding="utf-8")
        (tmp_path / "evidence.json").write_text(json.dumps(evidence(certificate)), encoding="utf-8")
        words = ["evidence", str(tmp_path / "evidence.json"), "--keys", str(tmp_path / "keys.json")]
        assert script.main(words) == 0
        assert certificate.number in capsys.readouterr().out
        altered = evidence(certificate)
        altered["leaves"][0]["statement"]["holder"] = "王五"
        (tmp_path / "evidence.json").write_text(json.dumps(altered), encoding="utf-8")
        assert script.main(words) == 1
        assert "NOT PROVED" in capsys.readouterr().err

    @pytest.mark.parametrize(
        "alter",
        [
            lambda given: given | {"leaves": []},
            lambda given: given | {"leaves": [given["leaves"][0] | {"statement": None}]},
            lambda given: given | {"leaves": [given["leaves"][0] | {"proof": {}}]},
            lambda given: given | {"checkpoint": "nothing\n\n"},
            lambda given: [given],
        ],
        ids=["no leaf", "no statement", "no proof", "no checkpoint", "no evidence"],
    )
    def test_what_proves_nothing_is_not_proved(self, five, tmp_path, capsys, alter):
        certificate = ElectronicCertificate.objects.order_by("number")[2]
        (tmp_path / "keys.json").write_text(json.dumps(key_set(public_keys())), encoding="utf-8")
        (tmp_path / "evidence.json").write_text(json.dumps(alter(evidence(certificate))), encoding="utf-8")
        words = [str(tmp_path / "evidence.json"), "--keys", str(tmp_path / "keys.json")]
        assert script.main(["evidence", *words]) == 1
        assert script.main(["inclusion", *words]) == 1
        assert capsys.readouterr().err.count("NOT PROVED") == 2


class TestTreeHeads:
    def test_a_head_is_a_note_of_three_lines_signed_by_the_issuer(self):
        exchanged()
        log_sequence()
        head = checkpoint()
        lines = head.note.split("\n")
        assert (lines[1], lines[3], lines[4][:2]) == ("2", "", "— ")
        read = note_read(head.note, public_keys())
        assert (read.size, read.root) == (2, inclusion(0, 2).root)
        assert script.read_checkpoint(head.note, script.read_keys(key_set(public_keys())))[1:] == (
            2,
            read.root,
        )

    def test_before_the_first_leaf_there_is_the_head_of_the_empty_tree(self):
        assert note_read(checkpoint().note, public_keys()).root == tree.EMPTY_ROOT

    def test_a_head_of_which_one_character_is_altered_is_no_head(self):
        exchanged()
        log_sequence()
        note, keys = checkpoint().note, script.read_keys(key_set(public_keys()))
        for place in range(len(note)):
            altered = note[:place] + ("x" if note[place] != "x" else "y") + note[place + 1 :]
            with pytest.raises(NoteError):
                note_read(altered, public_keys())
            with pytest.raises((script.NotProvedError, ValueError)):
                script.read_checkpoint(altered, keys)


class TestNothingIsRewritten:
    @pytest.fixture(autouse=True)
    def _some(self):
        exchanged()
        log_sequence()

    @pytest.mark.parametrize("model", [LogLeaf, LogNode, LogCheckpoint])
    def test_no_row_of_the_log_is_changed_or_deleted(self, model):
        with pytest.raises(DatabaseError), transaction.atomic():
            model.objects.all().delete()
        field = {LogLeaf: "state", LogNode: "hash", LogCheckpoint: "note"}[model]
        with pytest.raises(DatabaseError), transaction.atomic():
            model.objects.update(**{field: b"x" if field == "hash" else "x"})

    def test_no_leaf_comes_anywhere_but_at_the_end(self):
        leaf = LogLeaf.objects.get(index=1)
        for index in (3, 7, -1):
            leaf.pk = index
            with pytest.raises(DatabaseError), transaction.atomic():
                leaf.save(force_insert=True)

    def test_what_waits_is_not_changed_either(self):
        exchanged()
        with pytest.raises(DatabaseError), transaction.atomic():
            LogPending.objects.update(state="void")


class TestWhatIsAlteredBehindThePortalIsFoundAndNamed:
    @pytest.fixture
    def certificate(self):
        for _ in range(3):
            exchanged()
        log_sequence()
        assert log_audit().findings == []
        return ElectronicCertificate.objects.order_by("number")[1]

    @pytest.mark.parametrize(
        ("change", "value"),
        [
            ("holder_name", "王五"),
            ("post_code", "102"),
            ("version", 2),
            ("issued_at", "2019-01-01 00:00:00+08"),
        ],
    )
    def test_a_certificate_that_sayssomething_else(self, certificate, change, value):
        behind_the_back(
            f"UPDATE certificates_electroniccertificate SET {change} = %s WHERE id = %s",
            value,
            certificate.pk,
        )
        [finding] = log_audit().findings
        assert certificate.number in finding
        assert change in finding

    def test_a_certificate_that_was_made_void_or_valid_by_hand(self, certificate):
        behind_the_back(
            "UPDATE certificates_electroniccertificate SET state = 'void', void_reason = 'revoked', state_changed_at = now() "
            "WHERE id = %s",
            certificate.pk,
        )
        [finding] = log_audit().findings
        assert certificate.number in finding

    @pytest.mark.parametrize(
        "change", ["holder_name = '王五'", "masked_id = '4****0'", "commitment_salt = 'x'"]
    )
    def test_a_printed_version_that_was_rewritten(self, certificate, change):
        behind_the_back(
            f"UPDATE certificates_certificateversion SET {change} WHERE certificate_id = %s", certificate.pk
        )
        assert any(certificate.number in finding for finding in log_audit().findings)

    @pytest.mark.parametrize(
        "sql",
        [
            "DELETE FROM certificates_electroniccertificate WHERE id = %s",
            "DELETE FROM certificates_certificateversion WHERE certificate_id = %s",
        ],
    )
    def test_a_row_that_was_deleted(self, certificate, sql):
        with transaction.atomic():
            behind_the_back(sql, certificate.pk)
            findings = log_audit().findings
            transaction.set_rollback(True)
        assert any(certificate.number in finding for finding in findings)

    def test_a_photo_that_was_exchanged(self, certificate):
        behind_the_back("UPDATE accounts_photo SET sha256 = %s WHERE id = %s", "1" * 64, certificate.photo_id)
        [finding] = log_audit().findings
        assert certificate.number in finding

    def test_a_number_that_was_changed(self, certificate):
        behind_the_back(
            "UPDATE certificates_electroniccertificate SET number = 'X' WHERE id = %s", certificate.pk
        )
        assert len(log_audit().findings) == 2  # the issue, and the paper that names its successor

    def test_a_certificate_that_was_smuggled_in(self, certificate):
        made = lapsing.electronic()
        findings = log_audit().findings
        assert any(made.number in finding for finding in findings)

    def test_a_paper_that_was_brought_back(self, certificate):
        behind_the_back(
            "UPDATE certificates_legacycertificate SET status = 'active' WHERE id = %s",
            certificate.replaces_id,
        )
        [finding] = log_audit().findings
        assert LegacyCertificate.objects.get(pk=certificate.replaces_id).number in finding

    def test_a_report_of_the_closing_that_was_embellished(self):
        clock.move_to(shanghai(2021, 1, 1), running=False)
        window_close_if_due(by=BY)
        log_sequence()
        WindowClosing.objects.update(report={"areas": [], "institutions": [{"exchanged": 1}]})
        assert len(log_audit().findings) == 1

    def test_a_change_that_waits_is_looked_at_too(self, certificate):
        waiting = exchanged()
        assert log_audit().findings == []
        behind_the_back(
            "UPDATE certificates_certificateversion SET holder_name = '王五' WHERE certificate_id = %s",
            waiting.pk,
        )
        assert any(waiting.number in finding for finding in log_audit().findings)

    @pytest.mark.parametrize(
        "sql",
        [
            "UPDATE certificates_logleaf SET commitment = '\\x00' WHERE index = 3",
            "UPDATE certificates_logleaf SET leaf_hash = '\\x00' WHERE index = 3",
            "UPDATE certificates_logleaf SET kind = 'lifted' WHERE index = 3",
            "UPDATE certificates_lognode SET hash = '\\x00' WHERE position = 3",
            "DELETE FROM certificates_lognode WHERE position = 3",
            "UPDATE certificates_logcheckpoint SET root = '\\x00' WHERE size = 6",
            "UPDATE certificates_logcheckpoint SET note = replace(note, '6', '5') WHERE size = 6",
        ],
    )
    def test_a_log_that_was_touched(self, certificate, sql):
        behind_the_back(sql)
        assert log_audit().findings

    def test_a_log_that_was_written_anew_from_the_start_does_not_fit_a_head_kept_elsewhere(self, certificate):
        kept = note_read(checkpoint().note, public_keys())
        assert log_audit(kept).findings == []
        assert log_audit(TreeHead(kept.origin, kept.size, bytes(32))).findings
        assert log_audit(TreeHead(kept.origin, kept.size + 5, kept.root)).findings

    def test_the_command_names_what_it_found_and_fails(self, certificate, tmp_path):
        out, err = io.StringIO(), io.StringIO()
        call_command("log", "verify", stdout=out, stderr=err)
        assert "6" in out.getvalue()
        behind_the_back(
            "UPDATE certificates_electroniccertificate SET holder_name = '王五' WHERE id = %s", certificate.pk
        )
        with pytest.raises(CommandError):
            call_command("log", "verify", stdout=out, stderr=err)
        assert certificate.number in err.getvalue()


@pytest.mark.django_db(transaction=True)
class TestTheSequencer:
    def test_two_at_once_take_every_change_once_and_in_an_unbroken_row(self, monkeypatch):
        monkeypatch.setattr(services, "AT_ONCE", 3)
        for _ in range(5):
            exchanged()
        done = in_threads(3, lambda _: log_sequence())
        assert sum(done) == 10
        assert list(LogLeaf.objects.order_by("index").values_list("index", flat=True)) == list(range(10))
        assert log_audit().findings == []

    def test_goes_on_while_people_exchange(self):
        papers = [factories.ready_to_exchange() for _ in range(8)]
        over = threading.Event()

        def act(index):
            if index == 0:
                while not over.wait(0.01):
                    log_sequence()
                return
            try:
                for paper in papers[(index - 1) * 4 : index * 4]:
                    certificate_exchange(certificate=paper, by=BY)
            finally:
                if index == 2:
                    over.set()

        in_threads(3, act)
        log_sequence()
        assert log_size() == 16
        assert log_audit().findings == []

    @pytest.mark.parametrize("moment", ["stored_hashes", "_checkpoint"])
    def test_a_crash_in_the_middle_leaves_all_as_it_was_and_the_next_run_does_it(self, monkeypatch, moment):
        exchanged()
        log_sequence()
        exchanged()
        with monkeypatch.context() as broken:
            broken.setattr(services, moment, lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                log_sequence()
        assert (log_size(), LogPending.objects.count()) == (2, 2)
        assert log_sequence() == 2
        assert log_audit().findings == []


class TestTheApi:
    @pytest.fixture
    def some(self):
        for _ in range(3):
            exchanged()
        log_sequence()

    def test_gives_the_head_as_json_or_as_the_bare_note(self, client, some):
        answer = client.get("/api/v1/log/checkpoint")
        assert answer.json()["size"] == 6
        note = client.get("/api/v1/log/checkpoint", headers={"accept": "text/plain"})
        assert note["Content-Type"].startswith("text/plain")
        assert note.content.decode() == answer.json()["note"]

    def test_proves_a_leaf_by_its_hash_or_its_place(self, client, some):
        proof = client.get("/api/v1/log/proof", {"index": 4}).json()
        head = client.get("/api/v1/log/checkpoint").json()["note"]
        keys = script.read_keys(key_set(public_keys()))
        assert "Leaf 4" in script.verify_inclusion(proof, head, keys)
        assert client.get("/api/v1/log/proof", {"leaf": proof["leaf"]}).json() == proof
        assert client.get("/api/v1/log/proof", {"index": 1, "size": 2}).json()["size"] == 2

    def test_proves_that_the_log_only_grew(self, client, some):
        old = checkpoint().note
        exchanged()
        log_sequence()
        proof = client.get("/api/v1/log/proof", {"first": 6}).json()
        keys = script.read_keys(key_set(public_keys()))
        assert "unchanged" in script.verify_consistency(proof, old, checkpoint().note, keys)

    @pytest.mark.parametrize(
        ("query", "status"),
        [
            ({}, 400),
            ({"leaf": "xyz"}, 400),
            ({"leaf": "0" * 64}, 404),
            ({"index": "-1"}, 400),
            ({"index": "6"}, 404),
            ({"index": "0", "size": "7"}, 404),
            ({"index": "9" * 30}, 400),
            ({"first": "0"}, 404),
            ({"first": "3", "second": "2"}, 404),
        ],
    )
    def test_answers_what_cannot_be_proved_with_a_problem(self, client, some, query, status):
        answer = client.get("/api/v1/log/proof", query)
        assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")

    @pytest.mark.parametrize(
        "query",
        [
            {},
            {"leaf": "xyz"},
            {"leaf": "0" * 64},
            {"index": "6"},
            {"index": "x"},
            {"first": "9", "second": "2"},
        ],
    )
    def test_says_why_in_the_readers_language(self, client, some, query):
        chinese = client.get("/api/v1/log/proof", query).json()["detail"]
        english = client.get("/api/v1/log/proof", query, headers={"accept-language": "en"}).json()["detail"]
        assert any("\u4e00" <= character <= "\u9fff" for character in chinese)
        assert english.isascii() or "“" in english
