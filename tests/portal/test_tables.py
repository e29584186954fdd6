"""Tables that people bring: every hostile or careless file is really made here, and named by what is expected of it."""

import io
import zipfile
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
from django.utils import translation
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from portal.identity import Problem
from portal.tables import (
    CertificateNumber,
    Choice,
    Code,
    Column,
    CreditCode,
    Date,
    FileRefusedError,
    Hours,
    IdNumber,
    Limits,
    Marked,
    Mobile,
    Name,
    OutColumn,
    OutSheet,
    Score,
    Text,
    Year,
    describe,
    open_table,
    safe_for_csv,
    write_workbook,
)
from portal.tables import messages as messages_module
from tests.factories import id_number

NAMESPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
COLUMNS = [
    Column("姓名", "name", Name(), required=True),
    Column("身份证号", "id_number", IdNumber(), required=True, aliases=("证件号码",)),
    Column("岗位代码", "post", Code()),
    Column("开始日期", "start", Date()),
    Column("总学时", "hours", Hours()),
    Column("考核结果", "passed", Choice({"合格": True, "不合格": False})),
    Column("备注", "note", Text(20)),
]
HEADER = ["姓名*", "身份证号*", "岗位代码", "开始日期", "总学时", "考核结果", "备注"]
ID = id_number(7, date(1988, 4, 10))
ROW = ["张三", ID, "101", date(2020, 1, 5), 32, "合格", None]


def xlsx(*rows, header=HEADER, change=None) -> io.BytesIO:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in [header, *rows]:
        sheet.append(row)
    if change:
        change(book, sheet)
    buffer = io.BytesIO()
    book.save(buffer)
    buffer.seek(0)
    return buffer


def text(*lines, encoding="utf-8", header=HEADER) -> io.BytesIO:
    rows = [",".join(header), *lines]
    return io.BytesIO("\r\n".join(rows).encode(encoding))


def packed(sheet: str | bytes, shared: str | bytes = "", **parts: str | bytes) -> io.BytesIO:
    """A workbook written by hand, so that it can be wrong in any way."""
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    files = {
        "[Content_Types].xml": f'<Types xmlns="{package[:-13]}content-types"><Default Extension="xml" ContentType="application/xml"/>'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Override PartName="/xl/workbook.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}"><Relationship Id="rId1" Type="{office}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{NAMESPACE}" xmlns:r="{office}"><sheets>'
        '<sheet name="名单" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}">'
        f'<Relationship Id="rId1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{office}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        "xl/sharedStrings.xml": shared or f'<sst xmlns="{NAMESPACE}"/>',
        "xl/worksheets/sheet1.xml": sheet,
        **{name.replace("__", "/"): content for name, content in parts.items()},
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    buffer.seek(0)
    return buffer


def inline(reference: str, content: str) -> str:
    return f'<c r="{reference}" t="inlineStr"><is><t>{content}</t></is></c>'


def sheet_xml(body: str, *, before: str = "") -> str:
    header = "".join(inline(f"{letter}1", name) for letter, name in zip("ABCDEFG", HEADER, strict=True))
    return f'<worksheet xmlns="{NAMESPACE}">{before}<sheetData><row r="1">{header}</row>{body}</sheetData></worksheet>'


def plain_row(number: int) -> str:
    return f'<row r="{number}">{inline(f"A{number}", "张三")}{inline(f"B{number}", ID)}</row>'


def read(source, columns=COLUMNS, **limits):
    """All rows as dicts, and all problems as (row, column, code)."""
    with open_table(source, columns, Limits(**limits)) as table:
        rows, problems = [], []
        for chunk in table.chunks(size=3):
            rows += [
                {"row": number, **{key: values[i] for key, values in chunk.values.items()}}
                for i, number in enumerate(chunk.numbers)
            ]
            problems += [(place.row, place.column, place.problem.code) for place in chunk.problems]
        return rows, problems, [note.code for note in table.notes]


def refusal(source, **limits) -> Problem:
    with pytest.raises(FileRefusedError) as caught:
        read(source, **limits)
    assert describe(caught.value.problem).fix
    return caught.value.problem


def codes(source, **limits):
    return read(source, **limits)[1]


class TestColumns:
    def test_values_come_typed(self):
        rows, problems, notes = read(xlsx(ROW))
        assert rows == [
            {
                "row": 2,
                "name": "张三",
                "id_number": ID,
                "post": "101",
                "start": date(2020, 1, 5),
                "hours": 320,
                "passed": True,
                "note": None,
            }
        ]
        assert (problems, notes) == ([], [])

    def test_columns_are_found_in_any_order_with_stars_widths_spaces_and_hints(self):
        header = ["考核结果(合格/不合格)", " 总 学 时 ", "身份证号＊", "*姓名", "开始日期（年月日）"]
        rows, problems, _ = read(xlsx(["合格", 8, ID, "张三", "2020.1.5"], header=header))
        assert problems == []
        assert (rows[0]["name"], rows[0]["hours"], rows[0]["passed"], rows[0]["start"]) == (
            "张三",
            80,
            True,
            date(2020, 1, 5),
        )
        assert rows[0]["post"] is None

    def test_a_renamed_column_is_found_by_its_alias(self):
        assert read(xlsx(["张三", ID], header=["姓名", "证件号码"]))[0][0]["id_number"] == ID

    def test_all_missing_columns_are_named_at_once(self):
        problem = refusal(xlsx([1], header=["备注"]))
        assert problem.code == "columns_missing"
        assert problem.params["names"] == "姓名、身份证号"

    def test_unknown_columns_are_ignored_with_a_note(self):
        assert read(xlsx([*ROW, "x"], header=[*HEADER, "籍贯"]))[2] == ["columns_ignored"]

    def test_a_doubled_column_is_refused_rather_than_guessed(self):
        assert refusal(xlsx([*ROW, "李四"], header=[*HEADER, "姓名"])).code == "columns_doubled"

    def test_a_title_and_notes_may_stand_above_the_headers(self):
        def add_title(book, sheet):
            sheet.insert_rows(1, 3)
            sheet["A1"] = "海口样例培训中心继续教育名单"
            sheet.merge_cells("A1:G1")

        rows, problems, _ = read(xlsx(ROW, change=add_title))
        assert (rows[0]["row"], problems) == (5, [])

    def test_a_hidden_column_is_read_like_any_other(self):
        def hide(book, sheet):
            sheet.column_dimensions["B"].hidden = True

        assert read(xlsx(ROW, change=hide))[0][0]["id_number"] == ID

    def test_a_table_that_starts_further_down_and_right_keeps_the_row_numbers_of_the_sheet(self):
        def move(book, sheet):
            sheet.insert_cols(1, 2)
            sheet.insert_rows(1, 4)

        rows, problems, _ = read(xlsx(["", ID], change=move))
        assert (rows[0]["row"], problems) == (6, [(6, "姓名", "cell_missing")])

    def test_the_sheet_with_the_headers_is_found_and_the_others_are_named(self):
        def add_notes(book, sheet):
            book.create_sheet("填表说明", 0).append(["请先阅读"])

        rows, _, notes = read(xlsx(ROW, change=add_notes))
        assert (len(rows), notes) == (1, ["sheets_ignored"])

    def test_a_hidden_sheet_is_not_read(self):
        def hide(book, sheet):
            book.create_sheet("空")["A1"] = "x"
            sheet.sheet_state = "hidden"

        assert refusal(xlsx(ROW, change=hide)).code == "columns_missing"


class TestCells:
    def test_every_problem_of_the_file_is_reported_in_its_cell(self):
        rows = [["", ID], ["李四", ID[:-1]], ["王五", ID, "101", "昨天", "三十", "好"], ROW]
        assert codes(xlsx(*rows)) == [
            (2, "姓名", "cell_missing"),
            (3, "身份证号", "id_length"),
            (4, "开始日期", "date_format"),
            (4, "总学时", "hours_format"),
            (4, "考核结果", "not_a_choice"),
        ]

    def test_one_bad_row_in_five_thousand_is_found(self):
        rows = [ROW] * 4_000 + [["张三", ID[:-1] + "?"]] + [ROW] * 999
        assert codes(xlsx(*rows)) == [(4_002, "身份证号", "id_characters")]

    @pytest.mark.parametrize(
        ("cell", "code"),
        [
            (460100199001011234, "id_cut_by_spreadsheet"),
            (460100900101123, "id_is_number"),
            ("4.60100199001011E+17", "id_cut_by_spreadsheet"),
        ],
    )
    def test_an_id_that_became_a_number_is_an_error_and_never_guessed(self, cell, code):
        assert codes(xlsx(["张三", cell])) == [(2, "身份证号", code)]

    def test_a_formula_in_an_identity_column_is_refused_and_elsewhere_its_result_is_read(self):
        body = (
            f'<row r="2">{inline("A2", "张三")}<c r="B2" t="str"><f>A9</f><v>{ID}</v></c>'
            '<c r="E2"><f>4*8</f><v>32</v></c></row>'
        )
        rows, problems, _ = read(packed(sheet_xml(body)))
        assert problems == [(2, "身份证号", "cell_formula")]
        assert rows[0]["hours"] == 320

    def test_merged_cells_are_explained_instead_of_just_missing(self):
        def merge(book, sheet):
            sheet.merge_cells("A2:A4")

        assert codes(xlsx(ROW, ROW, ROW, change=merge)) == [
            (3, "姓名", "cell_merged"),
            (4, "姓名", "cell_merged"),
        ]

    def test_tens_of_thousands_of_merged_ranges_are_no_burden(self):
        ranges = "".join(f'<mergeCell ref="H{n}:I{n}"/>' for n in range(2, 40_002))
        xml = sheet_xml(plain_row(2)).replace(
            "</worksheet>", f"<mergeCells>{ranges}</mergeCells></worksheet>"
        )
        assert codes(packed(xml)) == []

    def test_trailing_and_inner_blank_rows_are_no_rows(self):
        rows, problems, _ = read(xlsx(ROW, [None] * 7, [" ", "\u3000"], ROW, *[[""] * 7] * 50))
        assert ([row["row"] for row in rows], problems) == ([2, 5], [])

    @pytest.mark.parametrize(
        "cell",
        [
            date(2020, 1, 5),
            datetime(2020, 1, 5, 8, 30),  # noqa: DTZ001 - a cell has no zone
            43835,
            43835.75,
            20200105,
            "20200105",
            "2020.1.5",
            "2020/1/5",
            "2020-01-05",
            "２０２０年１月５日",
            "2020年1月5日",
            " 2020-1-5 00:00:00 ",
        ],
    )
    def test_a_date_is_understood_in_every_way_it_is_written(self, cell):
        rows, problems, _ = read(xlsx(["张三", ID, "101", cell]))
        assert (rows[0]["start"], problems) == (date(2020, 1, 5), [])

    def test_day_numbers_count_from_1904_where_the_workbook_says_so(self):
        def use_1904(book, sheet):
            book.epoch = CALENDAR_MAC_1904

        rows, problems, _ = read(
            xlsx(["张三", ID, "101", date(2020, 1, 5)], ["张三", ID, "101", 42373], change=use_1904)
        )
        assert [row["start"] for row in rows] == [date(2020, 1, 5)] * 2
        assert problems == []

    @pytest.mark.parametrize(
        ("cell", "code"),
        [
            ("2020-02-30", "date_unreal"),
            ("5/1/2020", "date_format"),
            ("20.1.5", "date_format"),
            ("1020-01-01", "date_unreal"),
            (True, "date_format"),
            (-5, "date_unreal"),
            (1e300, "date_unreal"),
            (3e6, "date_unreal"),
        ],
    )
    def test_a_date_that_is_none_is_refused(self, cell, code):
        assert codes(xlsx(["张三", ID, "101", cell])) == [(2, "开始日期", code)]

    @pytest.mark.parametrize(
        ("cell", "tenths"),
        [(32, 320), (22.5, 225), ("22.5", 225), ("３２", 320), ("32.0", 320), (0.1 + 0.2, 3), (0, 0)],
    )
    def test_hours_are_tenths(self, cell, tenths):
        assert read(xlsx(["张三", ID, "", "", cell]))[0][0]["hours"] == tenths

    @pytest.mark.parametrize(
        ("cell", "code"),
        [
            (22.55, "hours_decimals"),
            ("22.55", "hours_decimals"),
            (-1, "hours_range"),
            (1e6, "hours_range"),
            ("32学时", "hours_format"),
            ("1E1", "hours_format"),
            (True, "hours_format"),
            ("NaN", "hours_format"),
            ("3_2", "hours_format"),
        ],
    )
    def test_hours_that_are_none_are_refused_never_rounded(self, cell, code):
        assert codes(xlsx(["张三", ID, "", "", cell])) == [(2, "总学时", code)]

    def test_true_and_one_are_told_apart(self):
        rows, problems, _ = read(xlsx(["张三", ID, "", "", 1], ["张三", ID, "", "", True]))
        assert rows[0]["hours"] == 10
        assert problems == [(3, "总学时", "hours_format")]

    @pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t"])
    def test_text_that_looks_like_a_formula_comes_in_as_text(self, start):
        content = f"{start}cmd|' /C calc'!A0"
        rows, problems, _ = read(
            packed(
                sheet_xml(f'<row r="2">{inline("A2", "张三")}{inline("B2", ID)}{inline("G2", content)}</row>')
            )
        )
        assert (rows[0]["note"], problems) == (content.strip(), [])

    def test_nul_and_control_characters_do_not_reach_the_database(self):
        xml = sheet_xml(
            f'<row r="2">{inline("A2", "张_x0000_三")}{inline("B2", ID)}{inline("G2", "a_x0000_b_x0007_c&#10;d")}</row>'
        )
        rows, problems, _ = read(packed(xml))
        assert (rows[0]["name"], rows[0]["note"], problems) == ("张三", "abc d", [])

    def test_an_error_value_in_a_required_cell_is_a_missing_one(self):
        xml = sheet_xml(f'<row r="2"><c r="A2" t="e"><v>#REF!</v></c>{inline("B2", ID)}</row>')
        assert codes(packed(xml)) == [(2, "姓名", "cell_missing")]

    def test_the_other_kinds_refuse_with_their_own_codes(self):
        columns = [
            Column("a", "a", CreditCode()),
            Column("b", "b", CertificateNumber()),
            Column("c", "c", Mobile()),
            Column("d", "d", Score()),
            Column("e", "e", Year()),
            Column("f", "f", Code(frozenset({"101"}))),
        ]
        source = xlsx(
            [911234567890123456, 1234567890123456789, 12345, 101, "20", "105"],
            ["", "琼 1", 15400001234, 86.5, "2021年度", 101],
            header=list("abcdef"),
        )
        rows, problems, _ = read(source, columns)
        assert [code for _, _, code in problems] == [
            "credit_code_cut_by_spreadsheet",
            "number_cut_by_spreadsheet",
            "mobile_format",
            "score_range",
            "year_format",
            "not_a_choice",
        ]
        assert [rows[1][key] for key in "abcdef"] == [None, "琼 1", "15400001234", 865, 2021, "101"]


class TestDelimitedText:
    @pytest.mark.parametrize(
        "encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"]
    )
    def test_the_encoding_is_found_by_content(self, encoding):
        rows, problems, _ = read(text(f"王𠮷明,{ID},101,2020/1/5,32,合格,", encoding=encoding))
        assert (rows[0]["name"], rows[0]["hours"], problems) == ("王𠮷明", 320, [])

    def test_a_tabbed_text_as_spreadsheets_export_it_is_read(self):
        content = "\t".join(HEADER) + f"\r\n张三\t{ID}\t101\r\n"
        assert read(io.BytesIO(content.encode("utf-16")))[0][0]["post"] == "101"

    def test_an_id_as_a_text_formula_is_refused_and_a_leading_apostrophe_repaired(self):
        rows, problems, _ = read(text(f"张三,'{ID}", f'李四,"=""{ID}"""'))
        assert rows[0]["id_number"] == ID
        assert [row for row, _, _ in problems] == [3]

    def test_a_comma_inside_a_text_that_moves_the_columns_is_noticed(self):
        assert (2, "", "row_too_long") in codes(text(f"张三,{ID},101,2020/1/5,32,合格,备注,还有"))

    def test_line_breaks_inside_quotes_keep_the_row_numbers(self):
        assert codes(text(f'张三,{ID},,,,,"两\n行"', "李四,1")) == [(3, "身份证号", "id_length")]

    def test_unmatched_quotes_name_the_row(self):
        problem = refusal(text(f'张三,{ID},,,,,"x"y'))
        assert (problem.code, problem.params["row"]) == ("csv_quotes", 2)

    def test_nul_in_a_text_is_dropped(self):
        assert read(text(f"张三,{ID},,,,,a\0b"))[0][0]["note"] == "ab"

    def test_bytes_in_no_known_encoding_are_refused(self):
        assert refusal(io.BytesIO(b"\xff\xff\x81\x00\x81" * 50)).code == "encoding_unknown"


class TestRefused:
    def test_an_empty_file(self):
        assert refusal(io.BytesIO()).code == "file_empty"

    @pytest.mark.parametrize("source", [xlsx(), text(), xlsx([None] * 7)])
    def test_headers_only(self, source):
        assert refusal(source).code == "no_rows"

    def test_a_workbook_with_nothing_in_it(self):
        assert refusal(xlsx(header=[])).code == "no_rows"

    def test_too_many_bytes(self):
        assert refusal(xlsx(ROW), bytes=1_000).code == "file_too_large"

    def test_too_many_rows(self):
        assert refusal(xlsx(*[ROW] * 11), rows=10).code == "too_many_rows"

    def test_too_many_rows_of_text(self):
        assert refusal(text(*[f"张三,{ID}"] * 11), rows=10).code == "too_many_rows"

    def test_an_old_workbook(self):
        assert refusal(io.BytesIO(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2_000)).code == "file_xls"

    def test_a_workbook_with_a_password(self):
        content = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2_000 + "EncryptedPackage".encode("utf-16-le")
        assert refusal(io.BytesIO(content)).code == "file_encrypted"

    def test_a_part_with_a_password(self):
        content = bytearray(xlsx(ROW).getvalue())
        at = content.rindex(b"PK\x01\x02")
        content[at + 8] |= 1
        assert refusal(io.BytesIO(content)).code == "file_encrypted"

    def test_a_workbook_with_macros_whatever_its_name(self):
        assert refusal(packed(sheet_xml(plain_row(2)), **{"xl__vbaProject.bin": b"x"})).code == "file_macros"
        types = '<Types xmlns="x"><Override ContentType="application/vnd.ms-excel.sheet.macroEnabled.main+xml"/></Types>'
        assert (
            refusal(packed(sheet_xml(plain_row(2)), **{"[Content_Types].xml": types})).code == "file_macros"
        )

    def test_another_packed_file(self):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("word/document.xml", "<x/>")
        assert refusal(buffer).code == "file_not_a_workbook"

    @pytest.mark.parametrize(
        ("start", "code"),
        [
            (b"%PDF-1.7", "file_not_a_table"),
            (b"\x89PNG\r\n", "file_not_a_table"),
            (b"<html><table>", "file_web_page"),
            (b"PK\x03\x04", "file_damaged"),
        ],
    )
    def test_a_wrong_magic_number(self, start, code):
        assert refusal(io.BytesIO(start + b"0" * 500)).code == code

    def test_a_truncated_workbook(self):
        content = xlsx(*[ROW] * 500).getvalue()
        assert refusal(io.BytesIO(content[: len(content) // 2])).code == "file_damaged"

    def test_a_part_with_flipped_bytes(self):
        content = bytearray(xlsx(*[ROW] * 500).getvalue())
        at = content.index(b"xl/worksheets/sheet1.xml") + 200
        content[at : at + 20] = bytes(20)
        assert refusal(io.BytesIO(content)).code == "file_damaged"

    def test_a_zip_bomb_by_its_declared_size(self):
        assert refusal(packed(sheet_xml("<!--" + "0" * 30_000_000 + "-->"))).code == "file_expands"

    def test_a_zip_bomb_that_declares_a_small_size(self):
        content = bytearray(packed(sheet_xml("<!--" + "0" * 9_000_000 + "-->")).getvalue())
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            true_size = archive.getinfo("xl/worksheets/sheet1.xml").file_size
        lied = bytes(content).replace(true_size.to_bytes(4, "little"), (1_000).to_bytes(4, "little"))
        assert lied != content
        assert refusal(io.BytesIO(lied)).code == "file_damaged"

    def test_external_entities_and_entity_bombs(self, tmp_path):
        secret = tmp_path / "secret"
        secret.write_text("秘密")
        doctype = f'<!DOCTYPE x [<!ENTITY a "{"b" * 1000}"><!ENTITY xxe SYSTEM "file://{secret}">]>'
        for entity in ("&xxe;", "&a;" * 100):
            xml = f'<?xml version="1.0"?>{doctype}' + sheet_xml(
                f'<row r="2">{inline("A2", entity)}{inline("B2", ID)}</row>'
            )
            assert refusal(packed(xml)).code == "file_damaged"

    def test_an_entity_bomb_in_utf_16(self):
        xml = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x [<!ENTITY a "b">]>' + sheet_xml(
            plain_row(2)
        )
        assert refusal(packed(xml.encode("utf-16"))).code == "file_damaged"

    def test_one_long_text_that_a_million_cells_share(self):
        shared = f'<sst xmlns="{NAMESPACE}"><si><t>{"长" * 10_000}</t></si></sst>'
        cells = "".join(f'<c r="{letter}{{0}}" t="s"><v>0</v></c>' for letter in "ABCDEFG")
        body = "".join(f'<row r="{n}">{cells.format(n)}</row>' for n in range(2, 3_000))
        assert refusal(packed(sheet_xml(body), shared)).code == "file_expands"

    @pytest.mark.parametrize(
        "stray",
        [
            '<row r="1048576"><c r="A1048576"><v>1</v></c></row>',
            '<row><c r="A1048576"><v>1</v></c></row>',
            "<row r='3'><c r='B999999'><v>1</v></c></row>",
            '<row r="3"><c t="n" r = "A999999"><v>1</v></c></row>',
            f'<x:row xmlns:x="{NAMESPACE}" r="999999"><x:c r="A999999"><x:v>1</x:v></x:c></x:row>',
        ],
    )
    def test_a_stray_cell_in_the_last_row_however_it_is_written(self, stray):
        assert refusal(packed(sheet_xml(plain_row(2) + stray))).code == "too_many_rows"

    @pytest.mark.parametrize("column", ["XFD", "ZZZZ", "xfd"])
    def test_a_stray_cell_in_the_last_column(self, column):
        stray = f'<row r="3"><c r="{column}3"><v>1</v></c></row>'
        assert refusal(packed(sheet_xml(plain_row(2) + stray))).code == "too_many_columns"


class TestTaken:
    @pytest.mark.parametrize("reference", ["A1:XFD1048576", "A1", "Z9:Z10"])
    def test_a_false_dimension_changes_nothing(self, reference):
        rows, _, _ = read(
            packed(sheet_xml(plain_row(2) + plain_row(3), before=f'<dimension ref="{reference}"/>'))
        )
        assert [row["row"] for row in rows] == [2, 3]

    def test_formatted_but_empty_cells_far_below_are_no_rows(self):
        body = plain_row(2) + '<row r="1048576"><c r="A1048576" s="0"/></row>'
        assert len(read(packed(sheet_xml(body)))[0]) == 1

    def test_a_sheet_with_prefixed_names_is_read_and_its_formulas_are_seen(self):
        def prefixed(xml):
            return xml.replace("<", "<x:").replace("<x:/", "</x:").replace("xmlns=", "xmlns:x=")

        body = f'<row r="2">{inline("A2", "张三")}<c r="B2" t="str"><f>A9</f><v>{ID}</v></c></row>'
        assert codes(packed(prefixed(sheet_xml(body)))) == [(2, "身份证号", "cell_formula")]

    def test_a_path_and_a_large_sheet_cut_into_pieces_are_read_whole(self, tmp_path):
        path = Path(tmp_path / "名单.csv")  # the name says CSV, the content decides
        path.write_bytes(packed(sheet_xml("".join(map(plain_row, range(2, 15_002))))).getvalue())
        rows, problems, _ = read(path)
        assert (len(rows), rows[-1]["row"], problems) == (15_000, 15_001, [])


class TestMessages:
    def test_every_code_is_explained_in_both_languages_with_what_is_wrong_and_the_way_out(self):
        params = dict.fromkeys(
            ["length", "limit", "most", "first", "last", "choices", "columns", "size", "row", "names"], "7"
        )
        for code in messages_module.problem_codes():
            problem = Problem(code, {**params, "count": 2})
            with translation.override("en"):
                english = describe(problem)
            with translation.override("zh-hans"):
                chinese = describe(problem)
            assert all(english), code
            assert "%(" not in "".join(english + chinese), code
            assert english[0] != chinese[0], code
            assert english[1] != chinese[1], code


class TestWriting:
    def write(self, *rows):
        columns = [OutColumn("姓名"), OutColumn("身份证号", 22, text=True), OutColumn("值")]
        buffer = io.BytesIO()
        write_workbook(buffer, [OutSheet("结果/2020", columns, rows)])
        buffer.seek(0)
        return openpyxl.load_workbook(buffer).active

    @pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "＝1", "=cmd|'/C calc'!A0"])
    def test_no_text_is_ever_a_formula(self, start):
        for row in ([start, start, start], [Marked(start, "bad")] * 3):
            cells = next(self.write(row).iter_rows(min_row=2))
            assert {cell.data_type for cell in cells} == {"s"}
            assert [cell.value for cell in cells] == [start] * 3
            assert all(cell.quotePrefix for cell in cells)

    def test_id_columns_are_text_dates_are_dates_and_the_header_is_frozen(self):
        sheet = self.write(["张三", ID, date(2020, 1, 5)])
        assert (sheet["B2"].value, sheet["B2"].number_format) == (ID, "@")
        assert sheet["C2"].is_date
        assert (sheet.freeze_panes, sheet.auto_filter.ref, sheet.column_dimensions["B"].width) == (
            "A2",
            "A1:C2",
            22,
        )
        assert sheet["A1"].font.bold

    def test_what_xml_cannot_hold_is_left_out(self):
        assert self.write(["a\0b\x07c\ud800", None, "x" * 40_000])["A2"].value == "abc"

    def test_bad_and_good_cells_are_coloured(self):
        sheet = self.write([Marked("x", "bad"), Marked("y", "good"), 3])
        assert (
            len({sheet["A2"].fill.fgColor.rgb, sheet["B2"].fill.fgColor.rgb, sheet["C2"].fill.fgColor.rgb})
            == 3
        )

    def test_a_path_is_replaced_only_by_a_whole_workbook(self, tmp_path):
        target = tmp_path / "报告.xlsx"
        target.write_bytes(b"before")

        def rows():
            yield ["a"]
            raise RuntimeError("stop")

        with pytest.raises(RuntimeError):
            write_workbook(target, [OutSheet("x", [OutColumn("a")], rows())])
        assert target.read_bytes() == b"before"
        assert list(tmp_path.iterdir()) == [target]

    def test_what_was_written_is_read_back_the_same(self, tmp_path):
        target = tmp_path / "名单.xlsx"
        columns = [OutColumn(header, 14, text=header.startswith("身份证")) for header in HEADER]
        write_workbook(target, [OutSheet("名单", columns, [["买买提·艾力", *ROW[1:6], "=1+1"]])])
        rows, problems, _ = read(target)
        assert (rows[0]["name"], rows[0]["id_number"], rows[0]["note"], problems) == (
            "买买提·艾力",
            ID,
            "=1+1",
            [],
        )

    @pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
    def test_delimited_text_gets_an_apostrophe(self, start):
        assert safe_for_csv(start) == f"'{start}"
        assert safe_for_csv("张三") == "张三"
