"""Certificate numbers: formed, read from what people type, shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certificates.numbers import (
    MAX_SEQUENCE,
    NumberFormatError,
    format_number,
    grouped,
    is_plausible,
    normalise_number,
)

numbers = st.builds(
    format_number,
    st.just("46"),
    st.integers(2020, 2099),
    st.integers(101, 115).map(str),
    st.integers(1, MAX_SEQUENCE),
)


def test_a_number_says_issuer_year_post_and_sequence():
    assert format_number("46", 2020, "101", 1) == "4620201010000019"


@pytest.mark.parametrize(
    ("parts", "place"),
    [
        (("4", 2020, "101", 1), "prefix"),
        (("４６", 2020, "101", 1), "prefix"),
        (("46", 20, "101", 1), "year"),
        (("46", 2020, "1O1", 1), "post"),
        (("46", 2020, "101", 0), "sequence"),
        (("46", 2020, "101", MAX_SEQUENCE + 1), "sequence"),
    ],
)
def test_a_part_that_does_not_fit_is_named(parts, place):
    with pytest.raises(NumberFormatError, match=place):
        format_number(*parts)


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
        number = format_number("46", 2020, "101", sequence)
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
