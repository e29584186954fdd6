"""Keep the message catalogues: extract, translate, check, compile; without the gettext programs."""

import fcntl
import io
import json
import re
import string
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polib
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation.template import templatize

ROOMS = ("portal", "institutions", "education", "certificates")
ROOM_OF_TEMPLATES = {
    "worker": "certificates",
    "public": "certificates",
    "institution": "education",
    "review": "education",
}
LANGUAGE = "zh_Hans"
CONTEXT_SEPARATOR = "\x04"  # gettext's own, between context and msgid
KEYWORDS = DEFAULT_KEYWORDS | {
    f"{name}_{suffix}": DEFAULT_KEYWORDS[name]
    for name in ("gettext", "ngettext", "pgettext", "npgettext")
    for suffix in ("lazy", "noop")
}
METADATA = {
    "Project-Id-Version": "zhengtong",
    "Language": LANGUAGE,
    "MIME-Version": "1.0",
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Transfer-Encoding": "8bit",
    "Plural-Forms": "nplurals=1; plural=0;",
}
PERCENT_FIELD = re.compile(r"%\((\w+)\)[-#0 +]*\d*(?:\.\d+)?[a-zA-Z]|%[sd]")


@dataclass(frozen=True, order=True)
class Key:
    context: str
    msgid: str

    @classmethod
    def of(cls, entry: Any) -> "Key":
        return cls(entry.msgctxt or "", entry.msgid)

    @classmethod
    def parse(cls, text: str) -> "Key":
        context, separator, msgid = text.partition(CONTEXT_SEPARATOR)
        return cls(context, msgid) if separator else cls("", text)

    def __str__(self) -> str:
        return f"[{self.context}] {self.msgid}" if self.context else self.msgid


@dataclass
class Found:
    plural: str
    places: set[str]
    notes: set[str]


def _sources(room: str) -> Iterator[Path]:
    root: Path = settings.BASE_DIR
    yield from (path for path in (root / room).rglob("*.py") if "migrations" not in path.parts)
    for path in (root / "templates").rglob("*.*"):
        if ROOM_OF_TEMPLATES.get(path.relative_to(root / "templates").parts[0], "portal") == room:
            yield path


def _python(path: Path) -> str:
    text = path.read_text("utf-8")
    if path.suffix == ".py":
        return text
    # What is left of a page between its messages is no Python; only its indentation disturbs the tokenizer.
    return re.sub(r"^[ \t]+", "", templatize(text, origin=str(path)), flags=re.MULTILINE)


def _messages(room: str) -> dict[Key, Found]:
    found: dict[Key, Found] = {}
    for path in sorted(_sources(room)):
        place = path.relative_to(settings.BASE_DIR).as_posix()
        source = io.BytesIO(_python(path).encode())
        for _line, ids, notes, context in extract(
            "python", source, KEYWORDS, ["Translators:"], strip_comment_tags=True
        ):
            singular, plural = (ids[0], ids[1]) if isinstance(ids, tuple) else (ids, "")
            message = found.setdefault(Key(context or "", singular), Found("", set(), set()))
            message.plural = message.plural or plural
            message.places.add(place)
            message.notes.update(notes)
    found.pop(Key("", ""), None)
    return found


def _path(room: str) -> Path:
    path: Path = settings.BASE_DIR / room / "locale" / LANGUAGE / "LC_MESSAGES" / "django.po"
    return path


def _read(room: str) -> Any:
    path = _path(room)
    catalogue = polib.pofile(str(path)) if path.exists() else polib.POFile()
    catalogue.wrapwidth = 110
    catalogue.metadata = METADATA
    return catalogue


def _merged(room: str, *, keep_unused: bool) -> Any:
    """Return the catalogue of a room with one entry for each message in use, in a stable order."""
    old = {Key.of(entry): entry for entry in _read(room) if not entry.obsolete}
    found = _messages(room)
    catalogue = polib.POFile(wrapwidth=110)
    catalogue.metadata = METADATA
    entries = {key: _entry(key, message, old.get(key)) for key, message in found.items()}
    if keep_unused:
        entries = old | entries
    catalogue.extend(entries[key] for key in sorted(entries))
    return catalogue


def _entry(key: Key, message: Found, old: Any | None) -> Any:
    entry = polib.POEntry(
        msgctxt=key.context or None,
        msgid=key.msgid,
        msgid_plural=message.plural,
        occurrences=[(place, "") for place in sorted(message.places)],
        comment="\n".join(sorted(message.notes)),
        flags=list(old.flags) if old else [],
    )
    _translate(entry, _translation(old) if old else "")
    return entry


def _translation(entry: Any) -> str:
    text: str = entry.msgstr_plural.get(0, "") if entry.msgid_plural else entry.msgstr
    return text


def _translate(entry: Any, text: str) -> None:
    if entry.msgid_plural:
        entry.msgstr_plural = {0: text}
    else:
        entry.msgstr = text


def _write(room: str, catalogue: Any) -> None:
    path = _path(room)
    path.parent.mkdir(parents=True, exist_ok=True)
    for target, content in (
        (path, str(catalogue).encode()),
        (path.with_suffix(".mo"), catalogue.to_binary()),
    ):
        if not target.exists() or target.read_bytes() != content:
            target.write_bytes(content)


def _fields(text: str) -> set[str]:
    fields = {match[1] or match[0] for match in PERCENT_FIELD.finditer(text)}
    try:
        return fields | {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
    except ValueError:  # a lone brace: the text is not meant for str.format
        return fields


def _problem(entry: Any) -> str:
    text = _translation(entry)
    if not text:
        return "has no translation"
    if "fuzzy" in entry.flags:
        return "is marked fuzzy"
    lost = _fields(entry.msgid_plural or entry.msgid) ^ _fields(text)
    return f"and its translation differ in {', '.join(sorted(lost))}" if lost else ""


def _problems(room: str) -> Iterator[str]:
    catalogue = _read(room)
    written = {Key.of(entry): entry for entry in catalogue}
    used = _messages(room)
    yield from (
        f"{room}: {str(key)!r} is not in the catalogue" for key in sorted(used.keys() - written.keys())
    )
    yield from (f"{room}: {str(key)!r} is no longer used" for key in sorted(written.keys() - used.keys()))
    for key in sorted(used.keys() & written.keys()):
        if problem := _problem(written[key]):
            yield f"{room}: {str(key)!r} {problem}"
    compiled = _path(room).with_suffix(".mo")
    if written and (not compiled.exists() or compiled.read_bytes() != catalogue.to_binary()):
        yield f"{room}: django.mo is older than django.po"


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    path = settings.BASE_DIR / "var" / "messages.lock"
    path.parent.mkdir(exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


class Command(BaseCommand):
    help = (
        "Extract messages into the catalogues and compile them; --check what is missing; --set translations."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="change nothing; list what is missing and fail"
        )
        parser.add_argument(
            "--set",
            metavar="FILE",
            help='JSON {"msgid": "translation"} from FILE, or - for standard input; '
            r'a message with a context is "context\u0004msgid"',
        )

    def handle(self, *args: Any, **options: Any) -> None:
        with _one_at_a_time():
            if options["check"]:
                self._check()
            elif options["set"]:
                self._set(options["set"])
            else:
                for room in ROOMS:
                    _write(room, _merged(room, keep_unused=False))
                self._summarize()

    def _check(self) -> None:
        if problems := [problem for room in ROOMS for problem in _problems(room)]:
            listed = "\n".join(problems)
            raise CommandError(f"{listed}\n{len(problems)} problems. Run make messages, then translate.")
        self.stdout.write("Every message is translated.")

    def _set(self, source: str) -> None:
        text = sys.stdin.read() if source == "-" else Path(source).read_text("utf-8")
        wanted = {Key.parse(key): translation for key, translation in json.loads(text).items()}
        known: set[Key] = set()
        for room in ROOMS:
            catalogue = _merged(room, keep_unused=True)
            for entry in catalogue:
                if (key := Key.of(entry)) in wanted:
                    known.add(key)
                    entry.flags = [flag for flag in entry.flags if flag != "fuzzy"]
                    _translate(entry, wanted[key])
            _write(room, catalogue)
        self._summarize()
        if unknown := sorted(wanted.keys() - known):
            raise CommandError(
                "No source has these messages: " + "; ".join(repr(str(key)) for key in unknown)
            )

    def _summarize(self) -> None:
        for room in ROOMS:
            entries = list(_read(room))
            missing = [entry for entry in entries if _problem(entry)]
            self.stdout.write(f"{room}: {len(entries)} messages, {len(missing)} to translate")
            for entry in missing:
                self.stdout.write(f"  {json.dumps(entry.msgid, ensure_ascii=False)} {_problem(entry)}")
