"""Certificate numbers: formed, read from what people type, shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certificates import numbers as certificate_numbers
from certificates.numbers import grouped, is_plausible, normalise_number
from portal.policy import load_pack
from portal.policy.numbering import NumberFormatError, number_pattern
from portal.policy.pack import shipped_packs

SIXTEEN = number_pattern("{issuer}{year}{post}{sequence:6}{check:mod_11_10}")


def sixteen(year, post, sequence):
    return SIXTEEN.number(issuer="46", year=year, post=post, sequence=sequence)


numbers = st.builds(
    sixteen, st.integers(2020, 2099), st.integers(101, 115).map(str), st.integers(1, SIXTEEN.last_sequence)
)


def test_a_number_says_issuer_year_post_and_sequence():
    assert sixteen(2020, "101", 1) == "4620201010000019"


@pytest.mark.parametrize(
    ("parts", "place"),
    [
        ({"issuer": "4"}, "issuer"),
        ({"issuer": "４６"}, "issuer"),
        ({"year": 20}, "year"),
        ({"post": "1O1"}, "post"),
        ({"sequence": 0}, "sequence"),
        ({"sequence": 1_000_000}, "sequence"),
    ],
)
def test_a_part_that_does_not_fit_is_named(parts, place):
    with pytest.raises(NumberFormatError, match=place):
        SIXTEEN.number(**{"issuer": "46", "year": 2020, "post": "101", "sequence": 1} | parts)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("{issuer}{year}{post}{sequence:6}{check:mod_11_10}", "462020101000012?"),
        ("{year}{post}{sequence:5}{check:mod_11_10}", "202010100012?"),
        ("E{post}{year}{issuer}{sequence:4}{check:mod_37_36}", "E1012020460012?"),
        ("{issuer}{year}JZ{post}{sequence:6}{check:mod_37_36}", "462020JZ101000012?"),
    ],
)
def test_the_pattern_says_how_a_number_is_made(text, number):
    pattern = number_pattern(text)
    made = pattern.number(issuer="46", year=2020, post="101", sequence=12)
    assert made[:-1] == number[:-1]
    assert pattern.matches(made)
    wrong = [made[:-1] + each for each in "0123456789" if each != made[-1]]
    assert not any(pattern.matches(each) for each in wrong)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "4620201010000019",
        "{issuer}{year}{post}{sequence:6}",
        "{issuer}{year}{post}{sequence}{check:mod_11_10}",
        "{issuer}{year}{post}{sequence:0}{check:mod_11_10}",
        "{issuer}{year}{sequence:6}{check:mod_11_10}",
        "{issuer}{post}{sequence:6}{check:mod_11_10}",
        "{issuer}{year}{post}{check:mod_11_10}",
        "{year}{year}{post}{sequence:6}{check:mod_11_10}",
        "{check:mod_11_10}{issuer}{year}{post}{sequence:6}",
        "{issuer}{year}{post}{sequence:6}{check:luhn}",
        "{issuer}{year}{post}{sequence:6}{check}",
        "{issuer}-{year}{post}{sequence:6}{check:mod_11_10}",
        "e{year}{post}{sequence:6}{check:mod_37_36}",
        "E{year}{post}{sequence:6}{check:mod_11_10}",
        "{colour}{year}{post}{sequence:6}{check:mod_11_10}",
        "0000000000{year}{post}{sequence:9}{check:mod_11_10}",
    ],
)
def test_a_pattern_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match=r"'|int"):
        number_pattern(text)


@pytest.mark.parametrize("pack", shipped_packs())
def test_every_pack_has_a_pattern(pack, settings):
    settings.POLICY_PACK = pack
    rules = load_pack(pack).on(load_pack(pack).change_days[-1]).certificate_number
    number = number_pattern(rules.pattern).number(
        issuer=rules.issuer_prefix, year=2021, post="101", sequence=1
    )
    assert is_plausible(number)


def test_numbers_of_every_pattern_that_was_ever_in_force_are_known(monkeypatch):
    other = number_pattern("E{year}{post}{sequence:6}{check:mod_37_36}")
    monkeypatch.setattr(certificate_numbers, "_patterns", lambda pack: (SIXTEEN, other))
    number = other.number(issuer="46", year=2020, post="101", sequence=1)
    assert is_plausible(number)
    assert is_plausible("4620201010000019")
    assert grouped(number) == f"{number[:3]} {number[3:7]} {number[7:11]} {number[11:]}"
    assert normalise_number(grouped(number).lower()) == number


@given(numbers)
def test_every_number_formed_is_plausible_and_survives_being_shown_and_typed(number):
    assert is_plausible(number)
    assert normalise_number(number) == number
    assert normalise_number(grouped(number)) == number
    assert [len(group) for group in grouped(number).split(" ")] == [4, 4, 4, 4]


@given(numbers, st.integers(0, 15), st.integers(1, 9))
def test_one_wrong_digit_is_found(number, place, shift):
    wrong = str((int(number[place]) + shift) % 10)
    assert not is_plausible(number[:place] + wrong + number[place + 1 :])


@given(numbers, st.integers(0, 14))
def test_neighbouring_digits_exchanged_are_found_unless_they_differ_by_one(number, place):
    left, right = number[place], number[place + 1]
    exchanged = number[:place] + right + left + number[place + 2 :]
    if (int(left) - int(right)) % 10 not in {0, 1, 9}:
        assert not is_plausible(exchanged)


def test_most_exchanges_of_digits_that_differ_by_one_are_found_too():
    total = found = 0
    for sequence in range(1, 2000):
        number = sixteen(2020, "101", sequence)
        for place in range(15):
            if (int(number[place]) - int(number[place + 1])) % 10 in {1, 9}:
                total += 1
                found += not is_plausible(
                    number[:place] + number[place + 1] + number[place] + number[place + 2 :]
                )
    assert found > 0.75 * total


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        ("4620201010000019", "4620201010000019"),
        (" 4620 2010 1000 0019\n", "4620201010000019"),
        ("4620-2010-1000-0019", "4620201010000019"),
        ("４６２０２０１０１０００００１９", "4620201010000019"),
        ("4620\u00a02010\u200b1000\ufeff0019", "4620201010000019"),
        ("琼建培字（2016）101-004512", "琼建培字(2016)101004512"),
        ("琼建培字〔2016〕101—004512", "琼建培字(2016)101004512"),
        ("琼建培字［2016］ １０１－００４５１２", "琼建培字(2016)101004512"),
        ("hn2016a0045", "HN2016A0045"),
        ("", ""),
    ],
)
def test_what_people_type_becomes_one_spelling(typed, canonical):
    assert normalise_number(typed) == canonical


@given(st.text(max_size=30))
def test_normalising_twice_changes_nothing_more(text):
    assert normalise_number(normalise_number(text)) == normalise_number(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "4620201010000018",
        "462020101000001",
        "46202010100000199",
        "４６２０２０１０１０００００１９",
        "琼建培字(2016)101004512",
    ],
)
def test_other_texts_are_not_plausible_and_are_shown_as_they_are(text):
    assert not is_plausible(text)
    assert grouped(text) == text
