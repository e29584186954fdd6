"""The problems of a batch in words: what is wrong, and how to put it right, in the reader's language."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from portal.identity import Problem
from portal.policy.explain import readable
from portal.tables.messages import Explanation, describe, problem_codes

_WORDS: dict[str, tuple[str, str]] = {
    "check_gave_up": (
        gettext_noop("The check of this file was begun {attempts} times and never came to an end."),
        gettext_noop(
            "Save the table as a new workbook from the template and upload that, or call the department."
        ),
    ),
    "cancelled": (
        gettext_noop("The check was called off."),
        gettext_noop("Upload the file again when you want it checked."),
    ),
    "file_too_costly": (
        gettext_noop("Reading this file takes more time or memory than any ordinary table does."),
        gettext_noop("Copy the rows into the template and upload that."),
    ),
    "rows_not_numbered": (
        gettext_noop("The column 行号 is missing, so that nobody can know which rows these correct."),
        gettext_noop(
            "Use the table that you got back: it has the column. Or upload the whole table corrected."
        ),
    ),
    "row_unknown": (
        gettext_noop("Row {row} of the sheet names a row under 行号 that the corrected table does not have."),
        gettext_noop("Leave 行号 as it is in the table that you got back; for a new row leave it empty."),
    ),
    "row_named_twice": (
        gettext_noop("Two rows of the sheet both say under 行号 that they correct row {row}."),
        gettext_noop("Keep one of them."),
    ),
    "row_number_format": (
        gettext_noop("This is no number of a row."),
        gettext_noop("Leave 行号 as it is in the table that you got back; for a new row leave it empty."),
    ),
    "ends_before_start": (
        gettext_noop("The course ends before it starts."),
        gettext_noop("Check both dates; perhaps they changed places."),
    ),
    "in_the_future": (
        gettext_noop("The course has not ended yet."),
        gettext_noop("Report it in a batch after its last day, or correct the date."),
    ),
    "institution_not_qualified": (
        gettext_noop("The institution was not qualified on every day of the course."),
        gettext_noop(
            "Check the dates. Hours count only while the institution is in the national directory or its commitment "
            "is on file."
        ),
    ),
    "hours_zero": (
        gettext_noop("The course has no hours."),
        gettext_noop("Enter the hours of the course, or delete the row."),
    ),
    "professional_over_total": (
        gettext_noop("There are more professional hours than hours in all."),
        gettext_noop("Enter all hours under 总学时, and how many of them were professional under 专业学时."),
    ),
    "partial_course": (
        gettext_noop(
            "By itself this course does not reach {hours} hours with {professional_hours} professional ones."
        ),
        gettext_noop("Nothing needs to be done if the person takes the rest in another course."),
    ),
    "impossible_hours": (
        gettext_noop("{hours} hours in {days} days: more than {limit} hours a day."),
        gettext_noop("Check the hours and both dates."),
    ),
    "unusual_hours": (
        gettext_noop(
            "{hours} hours in {days} days: more than {limit} hours a day, which the reviewer will look at."
        ),
        gettext_noop("Check the hours and both dates; if they are right, say why under 备注."),
    ),
    "post_unknown": (
        gettext_noop("There is no post with the code {post_code}."),
        gettext_noop("Choose one of the codes in the drop-down list of the template."),
    ),
    "make_up_not_allowed": (
        gettext_noop("Hours of an earlier year cannot be made up."),
        gettext_noop("Empty the cell; the hours then count for the year in which the course ended."),
    ),
    "make_up_year": (
        gettext_noop(
            "A course can make up only for the period right before the one in which it ended, not for {year}."
        ),
        gettext_noop("Enter {expected}, or empty the cell if nothing is made up."),
    ),
    "duplicate_in_file": (
        gettext_noop("The same person and course stand in rows {rows}."),
        gettext_noop("Keep one of the rows."),
    ),
    "two_courses_at_once": (
        gettext_noop("The person is in another face-to-face course on the same days; see row {row}."),
        gettext_noop("Check the days of both courses, and whether one of them was taught online."),
    ),
    "another_course_at_once": (
        gettext_noop(
            "The person is in another face-to-face course on the same days: from {first} to {last} at {institution}."
        ),
        gettext_noop("Check the days of both courses, and whether one of them was taught online."),
    ),
    "two_cities_at_once": (
        gettext_noop(
            "The person is in a face-to-face course in another city on the same days: from {first} to {last} at {institution}."
        ),
        gettext_noop("Check the days, and that the person was really there."),
    ),
    "one_score_for_all": (
        gettext_noop("All {rows} marks are the same: {score}."),
        gettext_noop("Check the marks; if they are right, say why under 备注."),
    ),
    "former_name": (
        gettext_noop("The name is a former one of this person."),
        gettext_noop("Enter the name as on the ID card of today."),
    ),
    "names_differ_in_file": (
        gettext_noop("Rows {rows} give different names for one ID number."),
        gettext_noop("Compare each name and number with the ID card."),
    ),
    "name_not_of_id": (
        gettext_noop("The name is not the one known for this ID number."),
        gettext_noop(
            "Compare both with the ID card. A person who changed their name asks for a change of information first."
        ),
    ),
    "already_credited": (
        gettext_noop("This course was credited to the person on {on}, reported by {institution}."),
        gettext_noop("Delete the row, or correct the course or its dates."),
    ),
    "already_submitted": (
        gettext_noop(
            "This course of the person stands in a batch of {institution} that waits for its review."
        ),
        gettext_noop("Delete the row, or correct the course or its dates."),
    ),
    "in_another_batch": (
        gettext_noop("The same stands in row {row} of your file {filename}, which has not been submitted."),
        gettext_noop("Submit only one of the two."),
    ),
}

_TITLES: dict[str, str] = {
    "check_gave_up": gettext_noop("The check came to no end"),
    "row_unknown": gettext_noop("The number of the row is unknown"),
    "row_named_twice": gettext_noop("Two rows correct the same one"),
    "partial_course": gettext_noop("The course alone is not enough"),
    "impossible_hours": gettext_noop("More hours than the days can hold"),
    "unusual_hours": gettext_noop("Many hours a day"),
    "post_unknown": gettext_noop("No post has this code"),
    "make_up_year": gettext_noop("Hours made up for a year that cannot be made up"),
    "duplicate_in_file": gettext_noop("The same person and course twice in the file"),
    "two_courses_at_once": gettext_noop("Two courses at once, in one file"),
    "another_course_at_once": gettext_noop("Two courses at once"),
    "two_cities_at_once": gettext_noop("Two cities at once"),
    "one_score_for_all": gettext_noop("The same mark for everybody"),
    "names_differ_in_file": gettext_noop("Different names for one ID number"),
    "already_credited": gettext_noop("The course was credited before"),
    "already_submitted": gettext_noop("The course waits for its review in another batch"),
    "in_another_batch": gettext_noop("The same row stands in another file"),
    "former_name": gettext_noop("A former name"),
    "name_not_of_id": gettext_noop("The name differs"),
    "id_length": gettext_noop("ID number too long or too short"),
    "name_too_long": gettext_noop("Name too long"),
    "credit_code_length": gettext_noop("Credit code too long or too short"),
    "number_too_long": gettext_noop("Certificate number too long"),
    "text_too_long": gettext_noop("Text too long"),
    "not_a_choice": gettext_noop("None of the possible entries"),
    "hours_range": gettext_noop("Impossible number of hours"),
    "score_range": gettext_noop("Impossible mark"),
    "year_format": gettext_noop("Not a year"),
    "row_too_long": gettext_noop("Text outside of the columns"),
    "file_too_large": gettext_noop("File too large"),
    "file_expands": gettext_noop("File far larger when unpacked"),
    "csv_quotes": gettext_noop("Quotation marks that do not match"),
    "columns_doubled": gettext_noop("Columns that occur more than once"),
    "columns_missing": gettext_noop("Columns missing"),
    "columns_ignored": gettext_noop("Columns not read"),
    "sheets_ignored": gettext_noop("Sheets not read"),
    "too_many_rows": gettext_noop("Too many rows"),
    "too_many_columns": gettext_noop("Too many columns"),
}
"""What is wrong in a few words, for problems whose message tells the facts of one case, or is long."""


def register_problem(code: str, *, message: str, fix: str, title: str = "") -> None:
    """Give the wording of a problem that another room's check finds; all are msgids, message and fix with the facts as
    {fields}. A message with facts needs a ``title`` that does without them.
    """
    if code in _WORDS or code in problem_codes():
        raise ValueError(f"The problem {code} is registered twice.")
    _WORDS[code] = (message, fix)
    if title:
        _TITLES[code] = title


def explain_problem(code: str, facts: Mapping[str, Any]) -> Explanation:
    """Return what is wrong and how to put it right; `KeyError` for a code that nobody has put into words."""
    if code not in _WORDS:
        return describe(Problem(code, facts))
    fields = {name: readable(fact) for name, fact in facts.items()}
    message, fix = _WORDS[code]
    return Explanation(_(message).format_map(fields), _(fix).format_map(fields))


def problem_title(code: str) -> str:
    """Return what is wrong in general, for problems counted together; `KeyError` as in `explain_problem`."""
    if code in _TITLES:
        return _(_TITLES[code])
    return explain_problem(code, {}).message.rstrip(".。")
