"""The registry comes in whole: good rows at once, bad ones into a report, and a second time nothing changes."""

import io
from datetime import date

import openpyxl
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from certificates.models import ElectronicCertificate, LegacyCertificate, LegacyServiceRequest, LegacyStatus
from certificates.registry import registry_import
from certificates.registry.importing import ImportCounts
from certificates.registry.texts import _WORDS, explain
from portal.accounts.models import Person
from portal.events.models import Event
from portal.events.services import Actor
from portal.identity import Problem
from portal.tables import FileRefusedError
from tests import factories

pytestmark = pytest.mark.django_db

HEADER = [
    "姓名*",
    "身份证号*",
    "证书编号*",
    "证书类型*",
    "岗位代码*",
    "发证机构*",
    "发证日期*",
    "有效期至",
    "工作单位",
    "统一社会信用代码",
    "所属市县",
    "全国系统可查*",
]
OFFICE = "海南省住房和城乡建设领域现场专业人员岗位培训考核评价工作领导小组办公室"
IDS = [factories.id_number(i, date(1980, 2, 3)) for i in range(431, 451)]


def row(serial: int = 0, **changes: object) -> list[object]:
    values = {
        "name": "符海生",
        "id": IDS[serial],
        "number": f"琼建岗培 2016 第 {serial:06d} 号",
        "kind": "岗位培训考核合格证书",
        "post": "101",
        "issuer": OFFICE,
        "issued": date(2016, 5, 4),
        "expires": None,
        "employer": "海口样例建筑有限公司",
        "code": "91350100M000100Y43",
        "area": "海口市",
        "found": "是",
    }
    assert changes.keys() <= values.keys()
    return list({**values, **changes}.values())


def xlsx(*rows, header=HEADER) -> io.BytesIO:
    book = openpyxl.Workbook()
    for line in [header, *rows]:
        book.active.append(line)
    buffer = io.BytesIO()
    book.save(buffer)
    buffer.seek(0)
    return buffer


def take_in(*rows) -> ImportCounts:
    return registry_import(source=xlsx(*rows), by=Actor.command("import_registry"))


def outcome(counts: ImportCounts) -> tuple[int, int, int]:
    return counts.new, counts.updated, counts.unchanged


def reported(counts: ImportCounts) -> dict[int, list[str]]:
    return {number: [problem.code for _, problem in problems] for number, problems in counts.problems.items()}


def paper(serial: int = 0) -> LegacyCertificate:
    return LegacyCertificate.objects.select_related("person").get(
        person__id_number_hash=Person.objects.get(id=_person(serial)).id_number_hash
    )


def _person(serial):
    from portal.accounts.selectors import id_number_hash

    return Person.objects.get(id_number_hash=id_number_hash(IDS[serial])).pk


class TestNewRows:
    def test_a_row_becomes_a_certificate_and_its_holder(self):
        counts = take_in(row(expires=date(2026, 5, 3)))
        known = paper()
        assert outcome(counts) == (1, 0, 0)
        assert (known.number, known.number_key) == ("琼建岗培 2016 第 000000 号", "琼建岗培2016第000000号")
        assert (known.kind, known.post_code, known.issuer, known.issuer_name) == (
            "post_training",
            "101",
            "hainan-assessment-office",
            OFFICE,
        )
        assert (known.issued_on, known.expires_on, known.area_code) == (
            date(2016, 5, 4),
            date(2026, 5, 3),
            "460100",
        )
        assert (known.employer_name, known.employer_code, known.in_national_system) == (
            "海口样例建筑有限公司",
            "91350100M000100Y43",
            True,
        )
        assert (known.holder_name, known.person.name, known.person.id_number, known.status) == (
            "符海生",
            "符海生",
            IDS[0],
            "active",
        )

    @pytest.mark.parametrize(
        ("changes", "field", "value"),
        [
            ({"kind": "专业管理人员岗位证书"}, "kind", "enterprise_post"),
            ({"kind": "安全员", "post": "C"}, "kind", "safety_officer"),
            ({"issuer": "某市建设局"}, "issuer", "other"),
            ({"issuer": f" {OFFICE[:8]} {OFFICE[8:]}"}, "issuer", "hainan-assessment-office"),
            ({"found": "否"}, "in_national_system", False),
            ({"area": "琼中"}, "area_code", "469030"),
            ({"area": "洋浦"}, "area_code", "4604YP"),
            ({"area": None}, "area_code", ""),
            ({"post": 101}, "post_code", "101"),
            ({"issued": "2014.12.31"}, "issued_on", date(2014, 12, 31)),
            ({"employer": None, "code": None}, "employer_name", ""),
            ({"id": IDS[0][:6] + IDS[0][8:17]}, "holder_name", "符海生"),
        ],
    )
    def test_what_the_row_says_is_kept(self, changes, field, value):
        assert outcome(take_in(row(**changes))) == (1, 0, 0)
        assert getattr(paper(), field) == value

    def test_two_certificates_of_one_person_have_one_holder_with_the_newest_name(self):
        take_in(row(), row(name="符海胜", number="琼 2", issued=date(2018, 1, 1), post="106"))
        assert Person.objects.get().name == "符海胜"
        assert set(LegacyCertificate.objects.values_list("holder_name", flat=True)) == {"符海生", "符海胜"}

    def test_a_person_known_before_keeps_the_own_name(self):
        factories.person("符海生先生", number=IDS[0])
        take_in(row())
        assert Person.objects.get().name == "符海生先生"

    def test_the_id_number_is_stored_encrypted_only(self):
        take_in(row())
        with connection.cursor() as cursor:
            cursor.execute("SELECT string_agg(t::text, '') FROM (SELECT p FROM accounts_person p) t")
            assert IDS[0] not in cursor.fetchone()[0]

    def test_rare_characters_dots_and_formula_starts_survive(self):
        take_in(row(name="买买提•艾力"), row(1, name="王𠮷䶮", employer="@HYPERLINK(1)"))
        assert (paper(0).holder_name, paper(1).holder_name, paper(1).employer_name) == (
            "买买提·艾力",
            "王𠮷䶮",
            "@HYPERLINK(1)",
        )

    def test_backslashes_do_not_break_the_way_in(self):
        take_in(row(employer="a\\Nb\\t\\.", name="张\\N"))
        assert (paper().employer_name, paper().holder_name) == ("a\\Nb\\t\\.", "张\\N")

    def test_one_event_a_run_names_file_and_counts_and_the_certificates_carry_its_moment(self):
        take_in(row(), row(1))
        event = Event.objects.get()
        assert (event.verb, event.means, event.data["new"], event.data["actor"]) == (
            "certificates.registry.imported",
            "command",
            2,
            "import_registry",
        )
        assert len(event.data["file"]) == 64
        assert set(LegacyCertificate.objects.values_list("imported_at", flat=True)) == {event.at}


class TestBadRows:
    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"id": IDS[0][:-1] + ("0" if IDS[0][-1] != "0" else "1")}, "id_check_digit"),
            ({"id": 4.60100199001011e17}, "id_cut_by_spreadsheet"),
            ({"id": "4.60100199001011E+17"}, "id_cut_by_spreadsheet"),
            ({"name": None}, "cell_missing"),
            ({"kind": "毕业证书"}, "not_a_choice"),
            ({"issued": "2016-02-30"}, "date_unreal"),
            ({"issued": date(2099, 1, 1)}, "issued_in_future"),
            ({"expires": date(2015, 1, 1)}, "expires_before_issue"),
            ({"code": "91350100M000100Y44"}, "credit_code_check_digit"),
            ({"area": "广州市"}, "not_a_choice"),
            ({"found": "也许"}, "not_a_choice"),
        ],
    )
    def test_a_bad_row_is_reported_and_the_good_ones_are_in(self, changes, code):
        counts = take_in(row(1), row(0, **changes), row(2))
        assert reported(counts) == {3: [code]}
        assert LegacyCertificate.objects.count() == Person.objects.count() == 2

    def test_every_problem_of_a_row_is_named(self):
        counts = take_in(row(name=None, id="1", issued="x"))
        assert [column for column, _ in counts.problems[2]] == ["姓名", "身份证号", "发证日期"]

    def test_two_rows_that_contradict_each_other_are_both_reported_and_none_is_guessed(self):
        counts = take_in(row(), row(1), row(post="106"))
        assert reported(counts) == {2: ["number_twice_in_file"], 4: ["number_twice_in_file"]}
        assert counts.problems[2][0][1].params["rows"] == "4"
        assert LegacyCertificate.objects.count() == 1

    def test_a_row_repeated_word_for_word_counts_once(self):
        counts = take_in(row(), row(), row(number="琼建岗培2016第000000号"))
        assert (outcome(counts), counts.repeated, reported(counts)) == ((1, 0, 0), 2, {})


class TestAgain:
    def test_the_same_file_writes_nothing(self):
        rows = [row(i, expires=date(2030, 1, 1) if i % 2 else None) for i in range(10)]
        take_in(*rows)
        events = Event.objects.count()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            counts = take_in(*rows)
        assert outcome(counts) == (0, 0, 10)
        assert Event.objects.count() == events
        assert not [q for q in queries if q["sql"].startswith("UPDATE") and "certificates_" not in q["sql"]]
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM certificates_legacycertificate WHERE xmin::text <> (SELECT xmin::text FROM accounts_person LIMIT 1)"
            )
            assert cursor.fetchone()[0] == 0

    def test_a_changed_row_is_an_update_with_an_event_that_says_what_changed(self):
        take_in(row(), row(1))
        counts = take_in(row(name="符海胜", area="三亚市", found="否"), row(1))
        assert outcome(counts) == (0, 1, 1)
        event = Event.objects.get(verb="certificates.registry.updated")
        assert (event.subject_id, event.person_id) == (str(paper().pk), paper().person_id)
        assert event.data["changed"] == {
            "holder_name": ["符*", "符*"],
            "area_code": ["460100", "460200"],
            "in_national_system": ["true", "false"],
        }
        assert (paper().holder_name, paper().area_code, paper().in_national_system) == (
            "符海胜",
            "460200",
            False,
        )

    def test_a_changed_file_with_the_rest_unchanged_writes_only_what_changed(self):
        take_in(*[row(i) for i in range(10)])
        before = dict(LegacyCertificate.objects.values_list("pk", "imported_at"))
        assert outcome(
            take_in(*[row(i, employer="乙公司" if i == 3 else "海口样例建筑有限公司") for i in range(10)])
        ) == (0, 1, 9)
        assert dict(LegacyCertificate.objects.values_list("pk", "imported_at")) == before

    def test_an_id_number_put_right_moves_the_certificate_to_the_right_person(self):
        take_in(row())
        assert outcome(take_in(row(id=IDS[1]))) == (0, 1, 0)
        assert LegacyCertificate.objects.get().person.id_number == IDS[1]


class TestWhatThePortalDecided:
    def test_an_exchanged_certificate_is_not_touched(self):
        take_in(row())
        owner = paper().person
        LegacyCertificate.objects.update(status=LegacyStatus.EXCHANGED, status_changed_at=factories.LONG_AGO)
        ElectronicCertificate.objects.create(
            number="1",
            person=owner,
            replaces=paper(),
            holder_name="符海生",
            post_code="101",
            photo=factories.photo_of(owner),
            issued_at=factories.LONG_AGO,
        )
        assert outcome(take_in(row())) == (0, 0, 1)
        counts = take_in(row(name="别人", post="106"))
        assert reported(counts) == {2: ["certificate_exchanged"]}
        assert (paper().holder_name, paper().post_code, paper().status) == ("符海生", "101", "exchanged")

    def test_a_void_certificate_does_not_come_back(self):
        take_in(row())
        LegacyCertificate.objects.update(status=LegacyStatus.VOID, status_changed_at=factories.LONG_AGO)
        assert reported(take_in(row(employer="乙公司"))) == {2: ["certificate_void"]}
        assert outcome(take_in(row())) == (0, 0, 1)
        assert paper().status == "void"

    def test_an_approved_change_of_information_is_kept_and_all_else_taken_in(self):
        take_in(row(found="否"))
        LegacyCertificate.objects.update(
            holder_name="符海胜", employer_name="新公司", corrected_at=factories.LONG_AGO
        )
        counts = take_in(row(found="是"))
        assert (reported(counts), counts.updated) == ({2: ["corrected_in_portal"]}, 1)
        assert (paper().holder_name, paper().employer_name, paper().in_national_system) == (
            "符海胜",
            "新公司",
            True,
        )
        events = Event.objects.count()
        again = take_in(row(found="是"))
        assert (reported(again), outcome(again), Event.objects.count()) == (
            {2: ["corrected_in_portal"]},
            (0, 0, 0),
            events,
        )

    def test_a_registry_that_caught_up_with_the_correction_is_no_conflict(self):
        take_in(row())
        LegacyCertificate.objects.update(holder_name="符海胜", corrected_at=factories.LONG_AGO)
        counts = take_in(row(name="符海胜"))
        assert (outcome(counts), reported(counts)) == ((0, 0, 1), {})

    def test_an_approved_extension_is_kept(self):
        take_in(row(expires=date(2020, 1, 1)))
        LegacyCertificate.objects.update(expires_on=date(2023, 1, 1))
        reviewer = factories.reviewer()
        LegacyServiceRequest.objects.create(
            certificate=paper(),
            kind="extension",
            requested_by=factories.worker(paper().person),
            requested_at=factories.LONG_AGO,
            new_expiry=date(2023, 1, 1),
            state="approved",
            decided_at=factories.LONG_AGO,
            decided_by=reviewer,
        )
        assert reported(take_in(row(expires=date(2020, 1, 1)))) == {2: ["corrected_in_portal"]}
        assert paper().expires_on == date(2023, 1, 1)

    def test_a_certificate_of_someone_with_an_account_does_not_change_hands(self):
        take_in(row())
        factories.worker(paper().person)
        assert reported(take_in(row(id=IDS[1]))) == {2: ["holder_differs"]}
        assert LegacyCertificate.objects.get().person.id_number == IDS[0]
        assert Person.objects.count() == 1


class TestAsAWhole:
    def test_nothing_is_left_of_an_import_that_breaks_off(self, monkeypatch):
        def break_off(*args, **kwargs):
            raise RuntimeError("power cut")

        monkeypatch.setattr("certificates.registry.importing._record", break_off)
        with pytest.raises(RuntimeError):
            take_in(row())
        assert not Person.objects.exists()
        assert not LegacyCertificate.objects.exists()

    @pytest.mark.parametrize(
        ("source", "code"),
        [(io.BytesIO(), "file_empty"), (xlsx(header=["姓名"]), "columns_missing"), (xlsx(), "no_rows")],
    )
    def test_a_file_that_cannot_be_read_changes_nothing(self, source, code):
        with pytest.raises(FileRefusedError) as caught:
            registry_import(source=source, by=Actor.command("import_registry"))
        assert caught.value.problem.code == code

    def test_delimited_text_in_gb18030_is_read_like_a_workbook(self):
        lines = [",".join(HEADER), ",".join("" if v is None else str(v) for v in row())]
        source = io.BytesIO("\n".join(lines).encode("gb18030"))
        assert outcome(registry_import(source=source, by=Actor.command("x"))) == (1, 0, 0)
        assert outcome(take_in(row())) == (0, 0, 1)

    def test_many_rows_need_no_more_statements_than_few(self):
        def statements(*rows):
            with CaptureQueriesContext(connection) as queries:
                take_in(*rows)
            return len(queries)

        assert statements(row()) == statements(*[row(i) for i in range(1, 20)])

    def test_every_reason_is_given_in_both_languages(self):
        for code in _WORDS:
            texts = {}
            for language in ("en", "zh-hans"):
                with translation.override(language):
                    texts[language] = explain(Problem(code, {"rows": "3"}))
            assert texts["en"].message != texts["zh-hans"].message
            assert texts["en"].fix != texts["zh-hans"].fix


class TestTheCommand:
    def test_prints_counts_and_writes_the_report_beside_the_file(self, tmp_path, capsys):
        source = tmp_path / "台账.xlsx"
        source.write_bytes(
            xlsx(row(), row(1, id="4.60100199001011E+17", employer="+1+1"), row(2, number=None)).getvalue()
        )
        call_command("import_registry", str(source))
        printed = capsys.readouterr().out
        assert "台账-报告.xlsx" in printed
        assert "2" in printed
        sheet = openpyxl.load_workbook(tmp_path / "台账-报告.xlsx").active
        header, *rows = sheet.iter_rows()
        assert [cell.value for cell in header] == ["行号", *HEADER, "原因", "处理办法"]
        assert [line[0].value for line in rows] == [3, 4]
        bad = rows[0][2]
        assert (bad.value, bad.fill.fgColor.rgb) == ("4.60100199001011E+17", "00F9D5CF")
        assert (rows[0][9].value, rows[0][9].data_type) == ("+1+1", "s")
        assert rows[0][13].value.startswith("身份证号")
        assert rows[0][14].value

    def test_no_report_is_written_when_there_is_nothing_to_report(self, tmp_path):
        source = tmp_path / "台账.xlsx"
        source.write_bytes(xlsx(row()).getvalue())
        call_command("import_registry", str(source))
        assert list(tmp_path.iterdir()) == [source]

    def test_the_report_goes_where_it_is_wanted(self, tmp_path):
        source, report = tmp_path / "a.xlsx", tmp_path / "b.xlsx"
        source.write_bytes(xlsx(row(name=None)).getvalue())
        call_command("import_registry", str(source), "--report", str(report))
        assert report.exists()

    def test_an_unreadable_file_ends_in_an_error_with_the_way_out(self, tmp_path):
        source = tmp_path / "台账.xls"
        source.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
        with pytest.raises(CommandError, match=r"\.xlsx"):
            call_command("import_registry", str(source))
        with pytest.raises(CommandError):
            call_command("import_registry", str(tmp_path / "missing.xlsx"))
