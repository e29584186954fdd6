"""Tables to take along: at once where that takes no time, else as a file that a worker makes."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from django.http import HttpResponseBase

from portal import clock
from portal.downloads.models import Download
from portal.downloads.services import AT_ONCE_ROWS, DownloadKind, Progress, download_ask, noted
from portal.events.services import Actor
from portal.exports import Value, table_response, table_write
from portal.tables import OutColumn


def this_minute() -> str:
    """Return the version of what changes all the time: asked for twice in a minute, it is one file."""
    return f"{clock.now():%Y-%m-%dT%H:%M}"


@dataclass(frozen=True, kw_only=True)
class TableSource:
    """A table named ``title``. How many rows it has, and which, is asked when it is needed."""

    title: str
    columns: Sequence[OutColumn]
    count: Callable[[], int]
    rows: Callable[[], Iterable[Sequence[Value]]]
    version_now: Callable[[], str] = this_minute

    @property
    def version(self) -> str:
        return self.version_now()

    @property
    def filename(self) -> str:
        return f"{self.title}.xlsx"

    def write(self, target: BinaryIO, note: Progress) -> None:
        rows = noted(self.rows(), self.count(), note)
        table_write(target, title=self.title, columns=self.columns, rows=rows)


def table_file(
    form: str, source: TableSource, *, kind: DownloadKind, subject: str, by: Actor
) -> HttpResponseBase | Download:
    """Return a table at once, as ``csv`` of any size or as ``xlsx`` of a small one; a large workbook as a download.

    Raises `Http404` for any other form, and `DownloadNotFoundError` for an account that may not have it.
    """
    if form == "xlsx" and source.count() > AT_ONCE_ROWS:
        return download_ask(kind=kind.code, subject=subject, by=by)
    return table_response(form, title=source.title, columns=source.columns, rows=source.rows())
