"""The half-months of 2020 in which courses are held, reported and reviewed, all before the demo begins."""

from dataclasses import dataclass
from datetime import date, datetime, time

from portal.policy import SHANGHAI

FIRST_DAY = date(2020, 7, 6)
BEGINS = datetime(2020, 12, 28, 9, tzinfo=SHANGHAI)  # when the demo's clock starts
YEAR = 2020
MONTHS = range(8, 13)


@dataclass(frozen=True, slots=True)
class HalfMonth:
    """Courses lie between ``first`` and ``last``; the batch is submitted in the same month, so two a month."""

    label: str
    first: date
    last: date
    submitted: date


def _half(month: int, part: int) -> HalfMonth:
    label = f"{YEAR}-{month:02d}-{part}"
    if part == 1:
        return HalfMonth(label, date(YEAR, month, 1), date(YEAR, month, 13), date(YEAR, month, 15))
    if month == 12:
        return HalfMonth(label, date(YEAR, 12, 14), date(YEAR, 12, 24), date(YEAR, 12, 26))
    return HalfMonth(label, date(YEAR, month, 16), date(YEAR, month, 27), date(YEAR, month, 29))


HALF_MONTHS = tuple(_half(month, part) for month in MONTHS for part in (1, 2))


def moment(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), SHANGHAI)
