"""The pages of accounts, as people and as strangers meet them."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from portal import clock
from portal.accounts.models import Person, Photo, Role, User
from portal.events.models import Event
from portal.events.services import Actor
from portal.limits import origin
from portal.notices.models import Notice
from portal.notices.selectors import unread_count
from portal.notices.services import notice_send
from tests import factories
from tests.factories import PASSWORD, shanghai

pytestmark = pytest.mark.usefixtures("morning")


@pytest.fixture
def morning(db):
    clock.move_to(shanghai(2020, 12, 28, 9), running=False)


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def details(**values):
    return {
        "id_number": factories.fresh_id_number(),
        "name": "陈海生",
        "mobile": "19900001111",
        "password": PASSWORD,
    } | values


def text(answer):
    return re.sub(r"\s+", " ", answer.content.decode())


class TestRegistering:
    def test_ends_signed_in_on_the_own_certificates(self):
        client = Client()
        answer = client.post("/register/", details())
        assert (answer.status_code, answer.url) == (302, "/me/")
        assert client.get("/me/profile/").status_code == 200

    def test_repairs_silently_what_keyboards_do(self):
        number = factories.id_number(77)
        typed = f" {number[:6]} {number[6:14]} {number[14:].lower()}".translate(
            str.maketrans("0123456789", "0123456789")
        )
        Client().post("/register/", details(id_number=typed, name=" 陈 海生 ", mobile="+86 199-0000-1111"))
        person = Person.objects.get()
        assert (person.id_number, person.name, person.mobile) == (number, "陈海生", "19900001111")

    def test_widens_the_old_form_of_the_id_number_to_the_same_person(self):
        number = factories.id_number(78)
        known = factories.person(number=number, complete=False, photo=False)
        Client().post("/register/", details(id_number=number[:6] + number[8:17]))
        assert User.objects.get().person == known

    @pytest.mark.parametrize(
        ("field", "typed", "says"),
        [
            ("id_number", "", "请填写身份证号码"),
            ("id_number", "46990019850615123", "现为17位"),
            ("id_number", "469900198506150000", "电子表格"),
            ("id_number", "469900198502300013", "末位校验码"),
            ("name", " ", "请填写姓名"),
            ("mobile", "12345", "请填写11位手机号码"),
            ("password", "short1", "8"),
            ("password", "19900001111x", "密码中不要包含"),
        ],
    )
    def test_says_what_is_wrong_in_chinese_beside_the_field(self, field, typed, says):
        answer = Client().post("/register/", details(**{field: typed}))
        assert answer.status_code == 422
        assert says in text(answer)
        assert not User.objects.exists()

    def test_answers_a_taken_id_number_and_a_taken_mobile_with_the_same_words(self):
        first = details()
        Client().post("/register/", first)
        taken_number = Client().post(
            "/register/", details(id_number=first["id_number"], mobile="19900002222")
        )
        taken_mobile = Client().post("/register/", details())
        found = [
            re.search(r"用这些信息无法开通账号[^<]*", text(answer))[0]
            for answer in (taken_number, taken_mobile)
        ]
        assert found[0] == found[1]
        assert taken_number.status_code == taken_mobile.status_code == 422

    def test_cannot_be_used_to_try_many_numbers(self):
        first = details()
        Client().post("/register/", first)
        answers = [Client().post("/register/", first).status_code for _ in range(22)]
        assert answers == [422] * 20 + [429] * 2

    def test_shows_a_name_with_markup_as_text(self):
        client = Client()
        client.post("/register/", details(name="<script>alert(1)</script>"))
        page = text(client.get("/me/profile/"))
        assert "<script>alert(1)" not in page
        assert "&lt;script&gt;alert(1)" in page

    def test_never_shows_the_password_again(self):
        assert PASSWORD not in text(Client().post("/register/", details(mobile="1")))


class TestSigningIn:
    def test_comes_back_to_the_page_that_was_wanted(self):
        user, client = factories.worker(), Client()
        wanted = client.get("/me/photo/").url
        answer = client.post(
            wanted, {"identifier": user.person.id_number, "password": PASSWORD, "next": "/me/photo/"}
        )
        assert answer.url == "/me/photo/"

    @pytest.mark.parametrize(
        "target",
        [
            "https://evil.example/",
            "//evil.example/",
            "/\\evil.example",
            "javascript:alert(1)",
            "https:evil.example",
        ],
    )
    def test_never_leads_to_another_site(self, target):
        user = factories.worker()
        answer = Client().post(
            "/sign-in/", {"identifier": user.person.id_number, "password": PASSWORD, "next": target}
        )
        assert answer.url == "/home/"

    def test_says_the_same_for_an_unknown_account_and_a_wrong_password(self):
        user = factories.worker()
        pages = [
            re.sub(
                r'value="[^"]*"|content="[^"]*"|\{&quot;.*?\}|hx-headers=\'[^\']*\'',
                "",
                text(Client().post("/sign-in/", {"identifier": typed, "password": "wrong-pass-77"})),
            )
            for typed in (user.person.id_number, factories.fresh_id_number())
        ]
        assert pages[0] == pages[1]

    def test_says_what_to_do_after_too_many_tries(self):
        user = factories.worker()
        answers = [
            Client().post("/sign-in/", {"identifier": user.person.id_number, "password": "wrong-pass-77"})
            for _ in range(9)
        ]
        assert [answer.status_code for answer in answers] == [422] * 8 + [429]
        assert "15分钟" in text(answers[8])

    def test_puts_no_number_into_an_address_or_log(self, caplog):
        user = factories.worker()
        answer = Client().post(
            "/sign-in/", {"identifier": user.person.id_number, "password": "wrong-pass-77"}
        )
        assert user.person.id_number not in caplog.text
        assert "Location" not in answer.headers

    def test_works_while_redis_is_away(self, settings):
        settings.REDIS_URL = "redis://127.0.0.1:1/0"
        user, client = factories.worker(), Client()
        client.post("/sign-in/", {"identifier": user.person.id_number, "password": PASSWORD})
        assert client.get("/me/profile/").status_code == 200


class TestWhereARequestComesFrom:
    def place(self, rf, **headers):
        return origin(rf.get("/", **headers))

    def test_is_not_what_a_stranger_writes_into_a_header(self, rf, settings):
        settings.TRUSTED_PROXIES = 0
        assert self.place(rf, HTTP_X_FORWARDED_FOR="1.2.3.4") == self.place(rf)

    def test_is_what_the_own_proxy_appended(self, rf, settings):
        settings.TRUSTED_PROXIES = 1
        forged = self.place(rf, HTTP_X_FORWARDED_FOR="9.9.9.9, 1.2.3.4")
        assert forged == self.place(rf, HTTP_X_FORWARDED_FOR="8.8.8.8, 1.2.3.4")
        assert forged != self.place(rf, HTTP_X_FORWARDED_FOR="1.2.3.4, 9.9.9.9")

    def test_is_one_place_for_a_whole_ipv6_network(self, rf):
        assert self.place(rf, REMOTE_ADDR="2001:db8::1") == self.place(rf, REMOTE_ADDR="2001:db8::ffff:2")
        assert self.place(rf, REMOTE_ADDR="2001:db8::1") != self.place(rf, REMOTE_ADDR="2001:db8:0:1::1")


class TestTheProfile:
    good = {
        "name": "陈海生",
        "mobile": "19900003333",
        "area_code": "460100",
        "employer_name": "海口样例建筑有限公司",
    }

    def test_leads_on_to_the_photo_while_there_is_none(self):
        user = factories.worker(factories.person(complete=False, photo=False))
        answer = signed_in(user).post("/me/profile/", self.good)
        assert answer.url == "/me/photo/"
        user.person.refresh_from_db()
        assert user.person.profile_completed_at == clock.now()

    def test_without_an_employer_forgets_one_typed_beside_it(self):
        user = factories.worker()
        signed_in(user).post("/me/profile/", self.good | {"without_employer": "on"})
        user.person.refresh_from_db()
        assert (user.person.employer_name, user.person.without_employer) == ("", True)

    @pytest.mark.parametrize(
        ("field", "typed"),
        [
            ("employer_name", ""),
            ("area_code", "999999"),
            ("area_code", ""),
            ("mobile", "1"),
            ("employer_code", "123"),
        ],
    )
    def test_keeps_nothing_of_a_form_with_an_error(self, field, typed):
        user = factories.worker(factories.person(complete=False))
        assert signed_in(user).post("/me/profile/", self.good | {field: typed}).status_code == 422
        user.person.refresh_from_db()
        assert user.person.profile_completed_at is None


def upload(content, name="photo.jpg", kind="image/jpeg"):
    return {"photo": SimpleUploadedFile(name, content, kind)}


class TestThePhoto:
    def test_is_kept_and_shown_to_its_owner_alone_and_in_no_cache(self):
        user = factories.worker(factories.person(photo=False))
        client = signed_in(user)
        assert client.get("/me/photo/image/").status_code == 404
        assert client.post("/me/photo/", upload(factories.jpeg(600, 840))).status_code == 302
        image = client.get("/me/photo/image/", follow=True)
        assert image.content[:3] == b"\xff\xd8\xff"
        assert (image["Content-Type"], image["Cache-Control"]) == ("image/jpeg", "no-store, private")
        assert (
            signed_in(factories.worker(factories.person(photo=False))).get("/me/photo/image/").status_code
            == 404
        )
        assert Client().get("/me/photo/image/").status_code == 302

    def test_taken_with_the_camera_field_counts_too(self):
        user = factories.worker(factories.person(photo=False))
        signed_in(user).post("/me/photo/", {"camera": SimpleUploadedFile("x.jpg", factories.jpeg(600, 840))})
        assert Photo.objects.filter(person=user.person).count() == 1

    def test_uploaded_twice_is_one_photo_and_one_event(self):
        user = factories.worker(factories.person(photo=False))
        for _ in range(2):
            signed_in(user).post("/me/photo/", upload(factories.jpeg(600, 840)))
        assert Photo.objects.count() == 1
        assert Event.objects.filter(verb="accounts.photo.replaced").count() == 1

    def test_replaced_leaves_the_old_one_for_the_certificates_that_carry_it(self):
        user = factories.worker()
        old = user.person.photo
        signed_in(user).post("/me/photo/", upload(factories.jpeg(600, 840)))
        user.person.refresh_from_db()
        assert user.person.photo_id != old.pk
        assert Photo.objects.filter(pk=old.pk).exists()

    @pytest.mark.parametrize(
        ("content", "says"),
        [
            (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "这不是JPEG或PNG"),
            (b"GIF89a" + b"\0" * 50, "这不是JPEG或PNG"),
            (b"\0\0\0\x18ftypheic" + b"\0" * 50, "HEIC"),
            (b"\xff\xd8\xff" + b"\0" * 50, "已损坏"),
            (b"", "文件是空的"),
            (factories.jpeg(100, 140), "照片太小"),
            (factories.jpeg(3000, 800), "过宽或过长"),
            (b"\xff\xd8\xff" + b"\0" * 6_000_000, "超过5 MB"),
        ],
        ids=["svg", "gif", "heic", "damaged", "empty", "small", "panorama", "large"],
    )
    def test_that_cannot_be_used_is_refused_with_the_reason_and_nothing_is_kept(self, content, says):
        user = factories.worker(factories.person(photo=False))
        answer = signed_in(user).post("/me/photo/", upload(content))
        assert answer.status_code == 422
        assert says in text(answer)
        assert not Photo.objects.exists()

    def test_on_a_full_disk_is_refused_kindly_and_the_old_one_stays(self, monkeypatch):
        user = factories.worker()
        old = user.person.photo_id

        def full(*_args, **_kwargs):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(Photo._meta.get_field("file").storage, "_save", full)
        answer = signed_in(user).post("/me/photo/", upload(factories.jpeg(600, 840)))
        assert answer.status_code == 422
        assert "暂时无法保存" in text(answer)
        user.person.refresh_from_db()
        assert user.person.photo_id == old


class TestTheInbox:
    def tell(self, to):
        notice_send(
            "institutions.designation_closed", to=to, at=clock.now(), facts={"finding": "<b>已核实</b>"}
        )

    def test_shows_a_notice_as_new_once(self):
        user = factories.worker()
        self.tell(user.person)
        client = signed_in(user)
        assert unread_count(user) == 1
        first, second = text(client.get("/notices/")), text(client.get("/notices/"))
        assert "app-notices__item--new" in first
        assert "app-notices__item--new" not in second
        assert "&lt;b&gt;已核实" in first
        assert unread_count(user) == 0

    def test_shows_nobody_elses(self):
        self.tell(factories.worker().person)
        other = factories.reviewer()
        self.tell(other)
        reader = factories.worker()
        assert unread_count(reader) == 0
        assert "app-notices__item" not in text(signed_in(reader).get("/notices/"))
        assert Notice.objects.filter(read_at__isnull=True).count() == 2

    @pytest.mark.parametrize("role", [role for role in Role if role not in {Role.WORKER, Role.COUNTY}])
    def test_is_there_for_every_role(self, role):
        assert signed_in(factories.staff(role)).get("/notices/").status_code == 200


PAGES = {
    "/me/profile/": {Role.WORKER},
    "/me/photo/": {Role.WORKER},
    "/notices/": set(Role),
    "/password/": set(Role),
    "/review/designation-reports/": {Role.REVIEWER, Role.CHIEF},
}


@pytest.mark.parametrize("address", PAGES)
@pytest.mark.parametrize("role", Role)
def test_a_page_is_there_for_its_roles_and_does_not_exist_for_others(address, role):
    user = {
        Role.WORKER: factories.worker,
        Role.COUNTY: lambda: factories.staff(role, area_code="460100"),
    }.get(role, lambda: factories.staff(role))()
    assert signed_in(user).get(address).status_code == (200 if role in PAGES[address] else 404)


@pytest.mark.parametrize("address", PAGES)
def test_a_page_asks_a_stranger_to_sign_in_and_tells_nothing(address):
    answer = Client().get(address)
    assert answer.status_code == 302
    assert answer.url.startswith("/sign-in/?next=")
    htmx = Client().get(address, headers={"HX-Request": "true"})
    assert htmx["HX-Redirect"].startswith("/sign-in/?next=")


def test_an_actor_of_a_page_is_the_account_that_is_signed_in(rf):
    request = rf.get("/")
    request.user = factories.reviewer()
    assert Actor.of(request).user == request.user


class TestThePassword:
    new = "harbour-lamp-72"

    def test_changed_ends_every_other_session_and_keeps_this_one(self):
        user = factories.worker()
        here, elsewhere = signed_in(user), signed_in(user)
        assert here.post("/password/", {"current": PASSWORD, "password": self.new}).status_code == 302
        assert here.get("/me/profile/").status_code == 200
        assert elsewhere.get("/me/profile/").status_code == 302
        user.refresh_from_db()
        assert user.check_password(self.new)

    def test_is_not_changed_without_the_present_one_however_often_somebody_guesses(self):
        user = factories.reviewer()
        client = signed_in(user)
        answers = [
            client.post("/password/", {"current": "wrong-pass-77", "password": self.new}).status_code
            for _ in range(9)
        ]
        assert answers == [422] * 8 + [429]
        user.refresh_from_db()
        assert user.check_password(PASSWORD)
