"""Numbers and names that identify people: what is repaired, what is refused, and never guessed."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.identity import (
    Problem,
    is_id_number,
    normalise_certificate_number,
    normalise_credit_code,
    normalise_id_number,
    normalise_mobile,
    normalise_name,
    number_key,
    same_name,
)
from tests.factories import id_number

NUMBER = id_number(123, date(1990, 1, 1))
ENDS_IN_X = next(n for n in (id_number(i, date(1988, 7, 9)) for i in range(1000)) if n.endswith("X"))


def code(result):
    return result.code if isinstance(result, Problem) else None


@pytest.mark.parametrize(
    "typed",
    [
        NUMBER,
        f" {NUMBER}\t",
        f"{NUMBER[:6]} {NUMBER[6:14]} {NUMBER[14:]}",
        f"{NUMBER}\u00a0",
        f"\u200b{NUMBER[:4]}\ufeff{NUMBER[4:]}",
        f"'{NUMBER}",
        NUMBER.translate({ord(str(d)): chr(0xFF10 + d) for d in range(10)}),
    ],
)
def test_an_id_number_is_repaired_silently(typed):
    assert normalise_id_number(typed) == NUMBER


@pytest.mark.parametrize("last", ["x", "X", "ｘ", "Ｘ"])
def test_a_final_x_of_any_case_and_width_is_the_same(last):
    assert normalise_id_number(ENDS_IN_X[:-1] + last) == ENDS_IN_X


def test_the_place_code_that_no_place_has_is_no_error():
    assert NUMBER.startswith("469900")
    assert normalise_id_number(NUMBER) == NUMBER


def test_fifteen_digits_are_widened_to_the_same_person():
    assert normalise_id_number(NUMBER[:6] + NUMBER[8:17]) == NUMBER


@pytest.mark.parametrize("day", [date(1986, 5, 4), date(1988, 4, 10), date(1991, 9, 15), date(2000, 2, 29)])
def test_a_birth_date_in_the_summer_time_years_stays_that_day(day):
    number = id_number(7, day)
    assert normalise_id_number(number) == number
    assert number[6:14] == f"{day:%Y%m%d}"


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("", "id_empty"),
        (" \u3000", "id_empty"),
        (NUMBER[:-1] + str((int(NUMBER[-1].replace("X", "0")) + 1) % 10), "id_check_digit"),
        (NUMBER[:-1], "id_length"),
        (NUMBER + "0", "id_length"),
        ("46990019900101ABCD", "id_characters"),
        (NUMBER[:16] + "X" + NUMBER[17], "id_characters"),
        ("٤٦٩٩٠٠١٩٩٠٠١٠١١٢٣٤", "id_characters"),
        ("4.60100199001011E+17", "id_cut_by_spreadsheet"),
        ("4.6E+17", "id_cut_by_spreadsheet"),
        ("4.6e17", "id_cut_by_spreadsheet"),
        ("469900199001011000.0", "id_cut_by_spreadsheet"),
    ],
)
def test_a_wrong_id_number_is_refused_with_its_own_code(typed, expected):
    assert code(normalise_id_number(typed)) == expected


def test_a_number_whose_last_digits_became_zero_is_said_to_be_cut():
    cut = NUMBER[:15] + "000"
    assert code(normalise_id_number(cut)) == "id_cut_by_spreadsheet"


@pytest.mark.parametrize("digits", ["19900230", "19901301", "18991231", "00000101"])
def test_a_birth_date_that_does_not_exist_is_refused_even_with_a_right_check_digit(digits):
    body = f"469900{digits}123"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    number = body + "10X98765432"[sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11]
    assert code(normalise_id_number(number)) == "id_birth_date"


def test_a_problem_never_carries_the_number():
    assert NUMBER[:8] not in repr(normalise_id_number(NUMBER[:-1]))


@given(
    st.dates(date(1900, 1, 1), date(2099, 12, 31)), st.integers(0, 999), st.integers(0, 17), st.integers(1, 9)
)
def test_one_wrong_digit_never_passes(day, serial, place, shift):
    number = id_number(serial, day)
    if number[place] == "X":
        return
    wrong = number[:place] + str((int(number[place]) + shift) % 10) + number[place + 1 :]
    assert isinstance(normalise_id_number(wrong), Problem)
    assert is_id_number(number)
    assert not is_id_number(wrong)


@given(st.text(max_size=30))
def test_any_text_gives_a_number_in_normal_form_or_a_problem(text):
    result = normalise_id_number(text)
    assert isinstance(result, Problem) or (is_id_number(result) and normalise_id_number(result) == result)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("张三", "张三"),
        (" 张\u3000三 ", "张三"),
        ("张 三", "张三"),
        ("买买提•艾力", "买买提·艾力"),
        ("买买提・艾力", "买买提·艾力"),
        ("买买提‧艾力", "买买提·艾力"),
        ("买买提．艾力", "买买提·艾力"),
        ("买买提 · 艾力", "买买提·艾力"),
        ("John  Smith", "John Smith"),
        ("王𠮷\u200b明", "王𠮷明"),
        ("㛃䶮", "㛃䶮"),
        ("Zoe\u0308", "Zoë"),
        ("=SUM(A1)", "=SUM(A1)"),
    ],
)
def test_a_name_loses_what_typing_added_and_nothing_else(typed, expected):
    assert normalise_name(typed) == expected


def test_a_compatibility_ideograph_in_a_name_survives():
    assert normalise_name("林\uf9dc") == "林\uf9dc"


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("", "name_empty"), ("\u200b", "name_empty"), ("123", "name_characters"), ("张" * 101, "name_too_long")],
)
def test_what_cannot_be_a_name_is_refused(typed, expected):
    assert code(normalise_name(typed)) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [("张 三", "张三"), ("买买提·艾力", "买买提•艾力"), ("JOHN SMITH", "John Smith"), ("林\uf9dc", "林隆")],
)
def test_two_writings_of_a_name_are_the_same(one, other):
    assert same_name(one, other)


@pytest.mark.parametrize(("one", "other"), [("张三", "张叁"), ("", ""), ("买买提·艾力", "买买提艾力")])
def test_different_names_are_not_the_same(one, other):
    assert not same_name(one, other)


@pytest.mark.parametrize(
    "typed",
    ["15400001234", "154 0000 1234", "+86 154-0000-1234", "008615400001234", "１５４００００１２３４"],
)
def test_a_mobile_is_its_eleven_digits(typed):
    assert normalise_mobile(typed) == "15400001234"


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("", "mobile_empty"),
        ("0898-6530000", "mobile_format"),
        ("12400001234", "mobile_format"),
        ("154000012345", "mobile_format"),
    ],
)
def test_a_wrong_mobile_is_refused(typed, expected):
    assert code(normalise_mobile(typed)) == expected


@pytest.mark.parametrize(
    "typed",
    ["91350100M000100Y43", "91350100m000100y43 ", "９１３５０１００M000100Y43", "91350100-M000100Y-43"],
)
def test_a_credit_code_is_repaired_silently(typed):
    assert normalise_credit_code(typed) == "91350100M000100Y43"


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("", "credit_code_empty"),
        ("91350100M000100Y44", "credit_code_check_digit"),
        ("9135010M000100Y43", "credit_code_length"),
        ("91350100I000100Y43", "credit_code_characters"),
        ("9.13501E+17", "credit_code_cut_by_spreadsheet"),
    ],
)
def test_a_wrong_credit_code_is_refused_with_its_own_code(typed, expected):
    assert code(normalise_credit_code(typed)) == expected


def test_a_credit_code_whose_authority_is_a_letter_is_taken():
    from stdnum.cn import uscc

    body = "N2469027MA5T0001X"
    assert normalise_credit_code(body + uscc.calc_check_digit(body)) == body + uscc.calc_check_digit(body)


def test_a_certificate_number_stays_as_printed_and_is_compared_by_its_key():
    printed = normalise_certificate_number(" 琼建岗〔2016〕第 00012 号 ")
    assert printed == "琼建岗〔2016〕第 00012 号"
    assert number_key(printed) == number_key("琼建岗(2016)第00012号") == "琼建岗(2016)第00012号"


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("", "number_empty"), ("4.60E+12", "number_cut_by_spreadsheet"), ("A" * 61, "number_too_long")],
)
def test_a_wrong_certificate_number_is_refused(typed, expected):
    assert code(normalise_certificate_number(typed)) == expected
