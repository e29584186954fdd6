"""The pages on the way to a void certificate (2.1): the holder's, and those of two reviewers."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from certificates.models import ElectronicCertificate, VoidingEvidence, VoidingProposal
from certificates.services import voiding
from certificates.services.evidence import Evidence
from tests import factories
from tests.certificates import lapsing
from tests.certificates.lapsing import OBJECTION_OVER, actor, stand_at

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.4\nsample\n%%EOF\n"


def browser(user):
    client = Client(headers={"accept-language": "en"})
    client.cookies["django_language"] = "en"
    client.force_login(user)
    return client


def upload(content=PDF, name="材料.pdf"):
    return SimpleUploadedFile(name, content)


@pytest.fixture
def proposal():
    return lapsing.proposal()


@pytest.fixture
def holder(proposal):
    return browser(proposal.certificate.person.user)


@pytest.fixture
def page(proposal):
    return reverse("voiding", args=[proposal.certificate_id])


@pytest.fixture
def detail(proposal):
    return reverse("review-voiding", args=[proposal.pk])


class TestTheHolder:
    def test_is_told_on_the_home_page_and_on_the_certificate(self, holder, proposal, page):
        for url in (
            reverse("worker-home"),
            reverse("electronic-certificate", args=[proposal.certificate_id]),
        ):
            assert page in holder.get(url).content.decode()

    def test_sees_what_it_rests_on_and_objects_with_a_file(self, holder, proposal, page):
        shown = holder.get(page).content.decode()
        assert "2021 and 2022 together" in shown
        answer = holder.post(
            page, {"text": "课程漏报", "evidence": [upload(), upload(factories.jpeg(), "照片.jpg")]}
        )
        assert answer.status_code == 302
        proposal.refresh_from_db()
        assert proposal.objection == "课程漏报"
        kinds = VoidingEvidence.objects.values_list("content_type", flat=True)
        assert sorted(kinds) == ["application/pdf", "image/jpeg"]
        shown = holder.get(page).content.decode()
        assert "课程漏报" in shown
        assert shown.count("/me/voiding-evidence/") == 2

    def test_gets_the_file_back_as_a_download_in_a_sandbox(self, holder, page):
        holder.post(page, {"text": "课程漏报", "evidence": [upload()]})
        answer = holder.get(reverse("voiding-evidence", args=[VoidingEvidence.objects.get().pk]), follow=True)
        assert answer.content == PDF
        assert answer["Content-Disposition"].startswith("attachment")
        assert answer["Content-Security-Policy"].startswith("sandbox")
        assert "no-store" in answer["Cache-Control"]

    @pytest.mark.parametrize(
        ("content", "name", "words"),
        [
            (b"<script>alert(1)</script>", "证明.pdf", "neither a JPEG or PNG picture nor a PDF"),
            (b"%PDF-1.4 cut off", "证明.pdf", "cannot be opened"),
            (factories.jpeg()[:500], "证明.jpg", "cannot be opened"),
            (b"", "空.pdf", "empty"),
            (PDF + b" " * (10 * 1024 * 1024), "大.pdf", "too large"),
        ],
    )
    def test_is_told_what_is_wrong_with_a_file_and_nothing_is_kept(
        self, holder, proposal, page, content, name, words
    ):
        answer = holder.post(page, {"text": "课程漏报", "evidence": [upload(content, name)]})
        assert answer.status_code == 422
        assert words in answer.content.decode()
        proposal.refresh_from_db()
        assert (proposal.objection, VoidingEvidence.objects.count()) == ("", 0)

    def test_finds_no_form_after_the_last_day_and_a_late_click_is_answered_with_the_rule(
        self, holder, page, proposal
    ):
        stand_at(OBJECTION_OVER)
        assert 'name="evidence"' not in holder.get(page).content.decode()
        answer = holder.post(page, {"text": "来迟了"})
        assert answer.status_code == 422
        assert "(2.1)" in answer.content.decode()
        proposal.refresh_from_db()
        assert proposal.objection == ""

    def test_of_another_certificate_finds_nothing(self, proposal, page):
        proposal_evidence = voiding.leaving_find(
            certificate=lapsing.electronic(), finding="已离岗", evidence=[Evidence(PDF, "application/pdf")],
            by=actor(factories.reviewer()),
        ).evidence.get()  # fmt: skip
        stranger = browser(factories.worker())
        assert stranger.get(page).status_code == 404
        assert stranger.post(page, {"text": "x"}).status_code == 404
        assert stranger.get(reverse("voiding-evidence", args=[proposal_evidence.pk])).status_code == 404

    def test_without_a_proposal_has_no_such_page(self):
        certificate = lapsing.electronic()
        own = browser(certificate.person.user)
        assert own.get(reverse("voiding", args=[certificate.pk])).status_code == 404

    def test_reads_no_reviewers_name(self, holder, proposal, page):
        voiding.voiding_dismiss(
            proposal=proposal, reason="异议成立", by=actor(factories.reviewer("wang-laoshi"))
        )
        shown = holder.get(page).content.decode()
        assert "异议成立" in shown
        assert "wang-laoshi" not in shown

    def test_of_a_void_certificate_reads_what_retraining_means(self, holder, proposal, page):
        stand_at(OBJECTION_OVER)
        voiding.voiding_confirm(proposal=proposal, by=actor(factories.reviewer()))
        voiding.voiding_approve(proposal=proposal, by=actor(factories.reviewer()))
        assert "full vocational training" in holder.get(page).content.decode()


class TestTwoReviewers:
    def test_confirm_and_approve_one_after_the_other(self, proposal, detail):
        stand_at(OBJECTION_OVER)
        first, second = browser(factories.reviewer()), browser(factories.reviewer())
        assert 'value="confirm"' in first.get(detail).content.decode()
        first.post(detail, {"act": "confirm"})
        assert 'value="approve"' not in first.get(detail).content.decode()
        assert 'value="approve"' in second.get(detail).content.decode()
        second.post(detail, {"act": "approve"})
        assert ElectronicCertificate.objects.get(pk=proposal.certificate_id).state == "void"
        assert "wait for" not in second.get(detail).content.decode()

    def test_one_who_forces_both_steps_is_answered_with_the_rule(self, proposal, detail):
        stand_at(OBJECTION_OVER)
        one = browser(factories.reviewer())
        for _ in range(2):
            one.post(detail, {"act": "confirm"})
            answer = one.post(detail, {"act": "approve"}, follow=True)
        assert "another reviewer has to approve" in answer.content.decode()
        assert ElectronicCertificate.objects.get(pk=proposal.certificate_id).state == "valid"

    def test_see_the_objection_and_its_file_before_they_decide(self, holder, proposal, page, detail):
        holder.post(page, {"text": "课程漏报", "evidence": [upload()]})
        shown = browser(factories.reviewer()).get(detail).content.decode()
        assert "课程漏报" in shown
        evidence = VoidingEvidence.objects.get()
        assert reverse("review-voiding-evidence", args=[evidence.pk]) in shown
        answer = browser(factories.reviewer()).get(
            reverse("review-voiding-evidence", args=[evidence.pk]), follow=True
        )
        assert answer.content == PDF

    def test_dismiss_only_with_a_reason(self, proposal, detail):
        one = browser(factories.reviewer())
        assert one.post(detail, {"act": "dismiss", "reason": ""}).status_code == 422
        one.post(detail, {"act": "dismiss", "reason": "异议成立"})
        proposal.refresh_from_db()
        assert proposal.state == "dismissed"

    def test_give_a_certificate_back(self, proposal, detail):
        stand_at(OBJECTION_OVER)
        people = [factories.reviewer() for _ in range(2)]
        voiding.voiding_confirm(proposal=proposal, by=actor(people[0]))
        voiding.voiding_approve(proposal=proposal, by=actor(people[1]))
        one, two = map(browser, people)
        one.post(detail, {"act": "ask_back", "reason": "机构漏报"})
        assert 'value="give_back"' not in one.get(detail).content.decode()
        assert "another reviewer" in one.post(detail, {"act": "give_back"}, follow=True).content.decode()
        two.post(detail, {"act": "give_back"})
        assert ElectronicCertificate.objects.get(pk=proposal.certificate_id).state == "valid"
        assert "reinstated" in two.get(detail).content.decode()

    def test_find_that_someone_left_the_post(self):
        certificate = lapsing.electronic()
        one = browser(factories.reviewer())
        find = reverse("review-voiding-find")
        number = f"{certificate.number[:4]} {certificate.number[4:]}"
        assert one.post(find, {"number": number, "text": "已离岗"}).status_code == 422
        assert one.post(find, {"number": "4620", "text": "已离岗", "evidence": upload()}).status_code == 422
        one.post(find, {"number": number, "text": "社保已转出", "evidence": upload()})
        proposal = VoidingProposal.objects.get(certificate=certificate)
        assert (proposal.ground, proposal.finding) == ("not_engaged", "社保已转出")


class TestTheLists:
    def test_put_each_proposal_where_somebody_waits_for_it(self, proposal):
        one = browser(factories.reviewer())

        def listed(name, state=None):
            shown = one.get(reverse(name), {"state": state} if state else None).content.decode()
            return reverse("review-voiding", args=[proposal.pk]) in shown

        assert listed("review-voidings", "objection")
        assert not listed("review-voidings")
        stand_at(OBJECTION_OVER)
        assert listed("review-voidings")
        voiding.voiding_confirm(proposal=proposal, by=actor(factories.reviewer()))
        assert listed("review-voidings-second")
        voiding.voiding_dismiss(proposal=proposal, reason="异议成立", by=actor(factories.reviewer()))
        assert listed("review-voidings", "decided")

    def test_are_in_the_inbox_with_their_counts(self, proposal):
        stand_at(OBJECTION_OVER)
        shown = browser(factories.reviewer()).get(reverse("review-home")).content.decode()
        assert reverse("review-voidings") in shown
        assert reverse("review-voidings-second") in shown

    def test_find_a_holder_by_post_alone(self, proposal):
        one = browser(factories.reviewer())
        person = proposal.certificate.person
        for text in (proposal.certificate.number, person.id_number, person.name[:2]):
            shown = one.post(reverse("review-voidings"), {"text": text}).content.decode()
            assert reverse("review-voiding", args=[proposal.pk]) in shown

    def test_need_the_same_queries_for_one_and_for_ten(self, proposal, django_assert_max_num_queries):
        for _ in range(9):
            person = factories.worker().person
            certificate = lapsing.electronic(person)
            voiding.leaving_find(
                certificate=certificate, finding="已离岗", evidence=[Evidence(PDF, "application/pdf")],
                by=actor(factories.reviewer()),
            )  # fmt: skip
        one = browser(factories.reviewer())
        with django_assert_max_num_queries(24):
            one.get(reverse("review-voidings"), {"state": "objection"})


@pytest.mark.parametrize("name", ["review-voidings", "review-voidings-second", "review-voiding-find"])
def test_nobody_but_reviewers_opens_the_reviewers_pages(name):
    assert Client().get(reverse(name)).status_code == 302
    for user in (factories.worker(), factories.clerk()):
        assert browser(user).get(reverse(name)).status_code == 404


def test_a_picture_with_too_many_pixels_is_refused_before_it_is_decoded():
    from PIL import Image

    from certificates.evidence import EvidenceRefusedError, content_type_of

    buffer = io.BytesIO()
    Image.new("1", (9000, 9000)).save(buffer, "PNG")
    with pytest.raises(EvidenceRefusedError) as refused:
        content_type_of(buffer.getvalue(), most_bytes=10 << 20)
    assert refused.value.code == "too_large"
