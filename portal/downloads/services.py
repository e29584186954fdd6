"""A file is asked for, made by a worker, fetched by whoever asked, and deleted after a day.

A room registers what it can make (`DownloadKind`). Whether an account may have it is asked again whenever it matters: when
it is asked for, made, and fetched.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from tempfile import TemporaryFile
from typing import BinaryIO, Protocol, TypeVar, cast

from django.core.files.base import File
from django.db import transaction
from django.utils.translation import get_language, override

from portal import clock
from portal.accounts.models import User
from portal.background import ask_worker
from portal.downloads.events import Verb
from portal.downloads.models import Download
from portal.downloads.tasks import make
from portal.events.services import Actor, event_record

T = TypeVar("T")
AT_ONCE_ROWS = 2_000
"""A table of so many rows is made within a second, and therefore inside the request."""
LIFETIME = timedelta(days=1)
MOST_ATTEMPTS = 3
UNTOUCHED = timedelta(seconds=20)
"""How long a request may lie before the sweep takes it for forgotten."""

Progress = Callable[[int, int], None]


class Source(Protocol):
    """What a file is made of, for one account, as it is now."""

    @property
    def version(self) -> str:
        """Return another text when what was made before is no answer any more."""

    @property
    def filename(self) -> str: ...

    def write(self, target: BinaryIO, note: Progress) -> None:
        """Write the file in the active language, telling ``note`` how many rows of how many are done."""


@dataclass(frozen=True)
class DownloadKind:
    """A kind of file. ``find`` returns its source, or None for an account that may not have it; ``page`` is where one asks."""

    code: str
    find: Callable[[User, str], Source | None]
    page: Callable[[str], str]


_kinds: dict[str, DownloadKind] = {}


class DownloadNotFoundError(Exception):
    """There is no such thing for this account."""


def register_download(kind: DownloadKind) -> None:
    _kinds[kind.code] = kind


def source_of(download: Download) -> Source | None:
    """Return what a download is made of, as its asker may have it now."""
    return _kinds[download.kind].find(download.asked_by, download.subject)


def page_of(download: Download) -> str:
    """Return the address of the page on which one asks for such a file."""
    return _kinds[download.kind].page(download.subject)


@transaction.atomic
def download_ask(*, kind: str, subject: str, by: Actor) -> Download:
    """Have a file made, or return the one that is there or on its way; one that failed is tried anew.

    Raises `DownloadNotFoundError`.
    """
    if by.user is None or (source := _kinds[kind].find(by.user, subject)) is None:
        raise DownloadNotFoundError
    at = clock.now()
    download, is_new = Download.objects.get_or_create(
        kind=kind,
        subject=subject,
        version=source.version,
        language=get_language() or "zh-hans",
        asked_by=by.user,
        defaults={"asked_at": at},
    )
    if not is_new and not _begun_anew(download, at):
        return download
    event_record(Verb.ASKED, at=at, by=by, subject=download, what=kind, about=subject)
    ask_worker(make, str(download.pk))
    return download


def _begun_anew(download: Download, at: datetime) -> bool:
    """Let one that failed wait again; of several who ask at once, one does."""
    failed = Download.objects.filter(pk=download.pk, state=Download.State.FAILED)
    is_anew = failed.update(state=Download.State.WAITING, attempts=0, asked_at=at) > 0
    if is_anew:
        download.refresh_from_db()
    return is_anew


def download_make(download: Download) -> None:
    """Make a file that waits; do nothing when it is made already or somebody is at it.

    A worker that is killed leaves the file waiting, since all is one transaction; after `MOST_ATTEMPTS` it has failed.
    """
    if _begin(download):
        _make(download)


@transaction.atomic
def _begin(download: Download) -> bool:
    found = _locked(download)
    if found is None:
        return False
    if found.attempts >= MOST_ATTEMPTS:
        return _fail(found)
    found.attempts += 1
    found.save(update_fields=["attempts"])
    return True


@transaction.atomic
def _make(download: Download) -> None:
    found = _locked(download)
    if found is None:
        return
    with override(found.language), TemporaryFile() as file:
        source = source_of(found)
        if source is None:
            _fail(found)
            return
        source.write(cast("BinaryIO", file), found.note)
        file.seek(0)
        found.file.storage.delete(_place(found))
        found.file.save("", File(file), save=False)
    found.state, found.ready_at = Download.State.READY, clock.now()
    found.save(update_fields=["state", "ready_at", "file"])


def _place(download: Download) -> str:
    """Where the file lies, or the part of it that a worker left when it was killed."""
    return download.file.field.generate_filename(download, "")


def _fail(download: Download) -> bool:
    download.state = Download.State.FAILED
    download.save(update_fields=["state"])
    return False


def _locked(download: Download) -> Download | None:
    waiting = Download.objects.select_for_update(of=("self",), skip_locked=True).select_related("asked_by")
    return waiting.filter(pk=download.pk, state=Download.State.WAITING).first()


def downloads_waiting() -> list[Download]:
    """Return what nobody may be making; one that somebody is at turns a second worker away by itself."""
    forgotten = Download.objects.filter(
        state=Download.State.WAITING, asked_at__lt=clock.now() - UNTOUCHED
    ).order_by("asked_at")
    return list(forgotten[:20])


def downloads_remove(at: datetime) -> int:
    """Delete what was asked for more than `LIFETIME` ago; the files go with the commit."""
    old = list(Download.objects.select_for_update(skip_locked=True).filter(asked_at__lt=at - LIFETIME))
    for download in old:
        transaction.on_commit(partial(download.file.storage.delete, _place(download)))
    return Download.objects.filter(pk__in=[download.pk for download in old]).delete()[0]


def noted(rows: Iterable[T], count: int, note: Progress, every: int = 500) -> Iterator[T]:
    """Pass ``count`` rows on, telling ``note`` now and then how many have passed."""
    for done, row in enumerate(rows):
        if done % every == 0:
            note(done, count)
        yield row
