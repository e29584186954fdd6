"""The main job from an empty database to a closed window, in a real browser, on the real processes."""

import hashlib
import io
import re
from datetime import date

import openpyxl
import pypdf
import pypdfium2
import pytest
import zxingcpp

from tests import factories
from tests.education.sheets import HEADERS
from tests.factories import PASSWORD, shanghai
from tests.journeys.signing_in import sign_in

OFFICE = "海南省住房和城乡建设领域现场专业人员岗位培训考核评价工作领导小组办公室"
HAISHENG = {
    "name": "陈海生",
    "id": factories.id_number(811),
    "paper": "琼样建岗2016第000811号",
    "mobile": "19900000811",
}
MEILAN = {
    "name": "符美兰",
    "id": factories.id_number(822),
    "paper": "琼样建岗2017第000822号",
    "mobile": "19900000822",
}
SCHOOL_CODE = "52469900MA50090271"

REGISTRY_HEADER = [
    "姓名",
    "身份证号",
    "证书编号",
    "证书类型",
    "岗位代码",
    "发证机构",
    "发证日期",
    "有效期至",
    "工作单位",
    "统一社会信用代码",
    "所属市县",
    "全国系统可查",
]


def workbook(path, header, rows):
    book = openpyxl.Workbook()
    book.active.append(header)
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def registry_row(person):
    return [
        person["name"],
        person["id"],
        person["paper"],
        "岗位培训考核合格证书",
        "101",
        OFFICE,
        date(2016, 5, 4),
        date(2022, 5, 3),
        "海口样例建筑有限公司",
        "",
        "海口市",
        "是",
    ]


def course_row(person, **changed):
    row = dict(
        zip(
            HEADERS,
            [
                person["name"],
                person["id"],
                person["paper"],
                "101",
                "施工现场安全与质量",
                "网络",
                "2020-12-01",
                "2020-12-10",
                32,
                22,
                "88",
                "合格",
                "",
                "",
            ],
            strict=True,
        )
    )
    return list((row | changed).values())


STAFF = f"""
from datetime import date
from portal.accounts.models import Role
from portal.accounts.services import staff_create
from portal.events.services import Actor
from institutions.models import Ground
from institutions.services import Contact, clerk_assign, institution_register, qualification_grant
from tests.factories import app_of
by = Actor.command("journey")
school = institution_register(code="{SCHOOL_CODE}", name="海口样例椰风职业培训学校", contact=Contact(area_code="460100"), by=by)
qualification_grant(institution=school, ground=Ground.NATIONAL_DIRECTORY, valid_from=date(2019, 1, 1), by=by)
clerk = staff_create(username="clerk", role=Role.CLERK, display_name="经办人", password="{PASSWORD}", by=by)
clerk_assign(user=clerk, institution=school, by=by)
reviewer = staff_create(username="reviewer", role=Role.REVIEWER, display_name="审核员", password="{PASSWORD}", by=by)
for user in (clerk, reviewer):
    app_of(user)
"""


@pytest.fixture
def province(stack, tmp_path):
    """An empty portal, its registry imported from a workbook, one institution, its clerk and a reviewer."""
    stack.empty()
    stack.move_clock(shanghai(2020, 12, 28, 9))
    registry = workbook(
        tmp_path / "registry.xlsx", REGISTRY_HEADER, [registry_row(HAISHENG), registry_row(MEILAN)]
    )
    printed = stack.manage("import_registry", str(registry))
    assert "2" in printed
    stack.python(STAFF)
    return stack


class Visitor:
    """Someone at a browser. Each step is what they do, in their words."""

    def __init__(self, page):
        self.page = page

    def registers(self, person):
        self.page.goto("/register/")
        self.page.get_by_label("身份证号码").fill(person["id"].lower())
        self.page.get_by_label("姓名").fill(person["name"])
        self.page.get_by_label("手机号码").fill(person["mobile"])
        self.page.get_by_label("密码", exact=True).fill(PASSWORD)
        self.page.get_by_role("button", name="注册").click()
        self.page.wait_for_url("**/me/**")

    def completes_the_profile(self):
        self.page.goto("/me/profile/")
        self.page.get_by_label("市县").select_option("460100")
        self.page.get_by_label("工作单位", exact=True).fill("海口样例建筑有限公司")
        self.page.get_by_role("button", name="保存").click()

    def uploads_a_photo(self):
        self.page.goto("/me/photo/")
        self.page.locator("input[name=photo]").set_input_files(
            {"name": "me.jpg", "mimeType": "image/jpeg", "buffer": factories.jpeg(600, 800)}
        )
        self.page.get_by_role("button", name="保存照片").click()
        self.page.wait_for_load_state()

    def signs_in(self, login):
        sign_in(self.page, login)

    def signs_out(self):
        self.page.get_by_role("button", name="退出").click()

    def sees(self, text):
        self.page.get_by_role("main").get_by_text(text).first.wait_for()

    def asks_about(self, number):
        self.page.goto("/verify/")
        self.page.get_by_role("main").get_by_label("证书编号").fill(number)
        self.page.get_by_role("main").get_by_role("button", name="查验").click()


@pytest.fixture
def visitor(page):
    return Visitor(page)


def test_a_paper_certificate_becomes_an_electronic_one_and_then_the_window_closes(
    province, visitor, page, picture, tmp_path
):
    # Given a worker who has registered and sees what is missing
    visitor.registers(HAISHENG)
    visitor.sees(HAISHENG["paper"])
    picture("worker-home-before")
    visitor.completes_the_profile()
    visitor.uploads_a_photo()
    page.goto("/me/")
    assert not page.get_by_role("main").get_by_role("button", name="更新").is_visible()
    visitor.signs_out()

    # And a clerk whose batch has one bad row, told so in its cell, and submitted once it was put right
    visitor.signs_in("clerk")
    bad = workbook(
        tmp_path / "bad.xlsx", HEADERS, [course_row(HAISHENG), course_row(MEILAN, 结束日期="2020-11-30")]
    )
    upload(page, bad)
    visitor.sees("结束日期")
    picture("clerk-problems")
    good = workbook(tmp_path / "good.xlsx", HEADERS, [course_row(HAISHENG), course_row(MEILAN)])
    page.get_by_role("button", name="上传更正后的文件").click()
    upload(page, good, here=True)
    page.get_by_role("main").get_by_role("button", name=re.compile("报送.*2")).click()
    visitor.sees("回执")
    picture("clerk-receipt")
    visitor.signs_out()

    # And a reviewer who approves it
    visitor.signs_in("reviewer")
    page.goto("/review/batches/")
    page.get_by_role("main").get_by_role("link", name="海口样例椰风职业培训学校").first.click()
    picture("review-batch")
    page.get_by_role("main").get_by_role("button", name="通过", exact=True).click()
    page.wait_for_load_state()
    visitor.signs_out()

    # When the worker clicks 更新 and confirms
    visitor.signs_in(HAISHENG["id"])
    page.goto("/me/")
    page.get_by_role("main").get_by_role("button", name="更新").first.click()
    picture("exchange-confirm")
    page.get_by_role("main").get_by_role("button", name="更新").click()

    # Then the electronic certificate is there
    page.wait_for_url("**/me/electronic/**")
    picture("electronic-certificate")
    number = page.locator("strong.app-number").first.inner_text().replace(" ", "")
    assert re.fullmatch(r"462020101\d{7}", number)

    # And its PDF carries name, number, photo and a QR code that leads to the verification
    with page.expect_download() as download:
        page.get_by_role("main").get_by_role("button", name="PDF").click()
    pdf = download.value.path().read_bytes()
    text = "".join(pypdf.PdfReader(io.BytesIO(pdf)).pages[0].extract_text().split())
    assert HAISHENG["name"] in text
    assert number in text
    assert HAISHENG["id"] not in text
    image = pypdfium2.PdfDocument(pdf)[0].render(scale=3).to_pil()
    (symbol,) = zxingcpp.read_barcodes(image)
    assert symbol.text.lower().startswith(province.address)
    image.save(picture("certificate").with_name("certificate.png"))

    # And anyone asking about the old number hears that it was replaced
    visitor.signs_out()
    visitor.asks_about(HAISHENG["paper"])
    visitor.sees("换发为电子证书")
    picture("verify-paper")
    visitor.asks_about(number)
    visitor.sees("有效")

    # When midnight passes in Shanghai
    visitor.registers(MEILAN)
    visitor.completes_the_profile()
    visitor.uploads_a_photo()
    page.goto("/me/")
    page.get_by_role("main").get_by_role("button", name="更新").first.click()
    province.move_clock(shanghai(2021, 1, 1, 0, 0, 1))
    page.get_by_role("main").get_by_role("button", name="更新").click()

    # Then another worker's click is refused with clause 1.2, and the paper is what it was
    visitor.sees("1.2")
    picture("exchange-refused")
    visitor.asks_about(MEILAN["paper"])
    visitor.sees("有效")
    assert hashlib.sha256(pdf).hexdigest() == document_hash(province, number)


def upload(page, path, *, here=False):
    if not here:
        page.goto("/institution/batches/upload/")
    page.locator("input[type=file]").set_input_files(path)
    page.get_by_role("main").get_by_role("button", name="上传并检查").click()
    page.wait_for_url(re.compile(r"/institution/batches/[0-9a-f-]{36}/$"))
    page.locator("#batch .app-stats, #batch dl, #batch h2").first.wait_for()


def document_hash(stack, number):
    with stack.sql() as cursor:
        cursor.execute(
            "SELECT d.sha256 FROM certificates_certificatedocument d"
            " JOIN certificates_electroniccertificate c ON c.id = d.certificate_id WHERE c.number = %s",
            [number],
        )
        return cursor.fetchone()[0]
