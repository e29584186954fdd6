"""Every problem of a file, a row or a cell in words: what is wrong, and how to put it right."""

from typing import NamedTuple

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from portal.identity import Problem


class Explanation(NamedTuple):
    message: str
    fix: str


_AS_TEXT = _(
    "Set the column to the format Text, then type the numbers again; they cannot be restored from what the spreadsheet "
    "kept. The template has these columns as text already."
)
_XLSX = _("Save it as a workbook (.xlsx) or as CSV and try again.")

_WORDS = {
    # resident ID numbers (GB 11643)
    "id_empty": (_("The ID number is empty."), _("Enter the 18 characters from the ID card.")),
    "id_cut_by_spreadsheet": (
        _("The spreadsheet turned the ID number into a quantity and dropped its last digits."),
        _AS_TEXT,
    ),
    "id_is_number": (_("The ID number is stored as a quantity, not as text."), _AS_TEXT),
    "id_length": (
        _("The ID number has %(length)s characters; it has 18, or 15 on very old cards."),
        _("Compare it with the ID card and add or remove characters."),
    ),
    "id_characters": (
        _("The ID number has characters other than digits and a final X."),
        _("Type it as on the ID card: 17 digits, then a digit or X."),
    ),
    "id_check_digit": (
        _("The check digit of the ID number does not fit: at least one character is wrong."),
        _("Compare the number with the ID card, character by character."),
    ),
    "id_birth_date": (
        _("The ID number holds a date of birth that does not exist."),
        _("Compare characters 7 to 14 with the date of birth on the ID card."),
    ),
    # names
    "name_empty": (_("The name is empty."), _("Enter the name as on the ID card.")),
    "name_characters": (_("The name has no letter in it."), _("Enter the name as on the ID card.")),
    "name_too_long": (
        _("The name has more than %(limit)s characters."),
        _("Enter only the name as on the ID card."),
    ),
    # mobiles
    "mobile_empty": (_("The mobile number is empty."), _("Enter a mainland mobile number of 11 digits.")),
    "mobile_format": (
        _("This is no mainland mobile number."),
        _("Enter 11 digits that start with 1, without an area code."),
    ),
    # unified social credit codes (GB 32100)
    "credit_code_empty": (
        _("The credit code is empty."),
        _("Enter the 18 characters from the business licence."),
    ),
    "credit_code_cut_by_spreadsheet": (
        _("The spreadsheet turned the credit code into a quantity and dropped its last digits."),
        _AS_TEXT,
    ),
    "credit_code_is_number": (_("The credit code is stored as a quantity, not as text."), _AS_TEXT),
    "credit_code_length": (
        _("The credit code has %(length)s characters; it has 18."),
        _("Compare it with the business licence. An older registration number is not a credit code."),
    ),
    "credit_code_characters": (
        _("The credit code has characters that do not occur in one."),
        _("Compare it with the business licence: digits and capitals without I, O, S, V and Z."),
    ),
    "credit_code_check_digit": (
        _("The check character of the credit code does not fit: at least one character is wrong."),
        _("Compare the code with the business licence, character by character."),
    ),
    # certificate numbers
    "number_empty": (
        _("The certificate number is empty."),
        _("Enter the number printed on the certificate."),
    ),
    "number_cut_by_spreadsheet": (
        _("The spreadsheet turned the certificate number into a quantity and dropped its last digits."),
        _AS_TEXT,
    ),
    "number_too_long": (
        _("The certificate number has more than %(limit)s characters."),
        _("Enter only the number printed on the certificate."),
    ),
    # cells of any kind
    "cell_missing": (_("The cell is empty, but the column must be filled."), _("Fill in the cell.")),
    "cell_merged": (
        _("The cell is part of merged cells, so only the first of them has a value."),
        _("Unmerge the cells and fill in each row."),
    ),
    "cell_formula": (
        _("The cell holds a formula; names and numbers that identify must be typed in."),
        _("Copy the cell and paste it as a value."),
    ),
    "text_too_long": (
        _("The text has %(length)s characters; at most %(limit)s fit."),
        _("Shorten the text."),
    ),
    "not_a_choice": (_("This is none of the possible entries."), _("Enter one of: %(choices)s.")),
    "date_format": (
        _("This is not understood as a date."),
        _("Write year, month and day in this order, such as 2020-01-05, 2020/1/5 or 2020年1月5日."),
    ),
    "date_unreal": (_("There is no such date."), _("Check year, month and day.")),
    "hours_format": (_("This is not a number of hours."), _("Enter digits only, such as 32 or 22.5.")),
    "hours_decimals": (
        _("Hours have at most one decimal."),
        _("Enter the hours with one decimal at most, such as 22.5."),
    ),
    "hours_range": (_("Hours must be from 0 to %(most)s."), _("Check the number of hours.")),
    "score_format": (
        _("This is not a mark."),
        _("Enter digits with one decimal at most, such as 86 or 86.5."),
    ),
    "score_range": (_("A mark must be from 0 to %(most)s."), _("Check the mark.")),
    "year_format": (
        _("This is not a year from %(first)s to %(last)s."),
        _("Enter the four digits of the year, such as 2021."),
    ),
    "row_too_long": (
        _("The row has text outside of the %(columns)s columns of the header."),
        _(
            "Look for a comma inside a text: the text then needs quotation marks. Or save the sheet as a workbook."
        ),
    ),
    # the file as a whole
    "file_empty": (_("The file is empty."), _("Choose the file again.")),
    "file_too_large": (
        _("The file has %(size)s; at most %(limit)s are read."),
        _("Split it into several files, and remove pictures."),
    ),
    "file_expands": (
        _("Unpacked, the file would be far larger than the %(limit)s that are read."),
        _("Copy the rows into a new workbook or the template and save that."),
    ),
    "file_encrypted": (
        _("The workbook is protected by a password."),
        _("Remove the password and save it again."),
    ),
    "file_xls": (_("This is a workbook of the format before 2007 (.xls)."), _XLSX),
    "file_macros": (
        _("The workbook contains macros, which are not accepted."),
        _("Save it as a workbook without macros (.xlsx)."),
    ),
    "file_not_a_workbook": (_("This is a packed file, but no workbook."), _XLSX),
    "file_not_a_table": (_("This is neither a workbook nor text."), _XLSX),
    "file_web_page": (
        _("This is a web page or XML, even where its name ends like that of a workbook."),
        _("Open it in a spreadsheet program and save it as a workbook (.xlsx)."),
    ),
    "file_damaged": (
        _("The workbook is damaged or was altered."),
        _("Open it in a spreadsheet program, save it as a new workbook, and try again."),
    ),
    "encoding_unknown": (
        _("The text is in none of the encodings UTF-8, GB18030 and UTF-16."),
        _("Save the sheet as a workbook (.xlsx) or as CSV UTF-8."),
    ),
    "csv_quotes": (
        _("From row %(row)s on, quotation marks do not match."),
        _("Close or double the quotation mark, or save the sheet as a workbook (.xlsx)."),
    ),
    "columns_doubled": (
        _("These columns occur more than once: %(names)s."),
        _("Keep one of each and delete or rename the others."),
    ),
    "no_rows": (_("There are no rows below the headers."), _("Fill in at least one row.")),
    "too_many_rows": (_("There are more than %(limit)s rows."), _("Split the table into several files.")),
    "too_many_columns": (
        _("There are more than %(limit)s columns."),
        _("Delete the columns to the right of the table, including single cells far away."),
    ),
    "columns_ignored": (
        _("These columns are not known and were not read: %(names)s."),
        _("Nothing needs to be done unless one of them is a misspelt header."),
    ),
    "sheets_ignored": (
        _("These further sheets were not read: %(names)s."),
        _("Move rows that belong here onto the first sheet."),
    ),
}


def describe(problem: Problem) -> Explanation:
    """Return the problem in the active language; `KeyError` for a code that this module does not own."""
    if problem.code == "columns_missing":
        return _columns_missing(problem)
    message, fix = _WORDS[problem.code]
    return Explanation(str(message) % problem.params, str(fix) % problem.params)


def _columns_missing(problem: Problem) -> Explanation:
    count = int(problem.params["count"])
    message = ngettext(
        "This required column is missing: %(names)s.", "These required columns are missing: %(names)s.", count
    )
    fix = _(
        "Put the headers in one row above the data, written as in the template; their order does not matter."
    )
    return Explanation(message % problem.params, str(fix))


def problem_codes() -> set[str]:
    """Return every code that `describe` knows."""
    return {*_WORDS, "columns_missing"}
