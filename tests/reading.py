"""What a page says, as those read it who listen to it: each piece of text with the language it is said to be in."""

from dataclasses import dataclass
from html.parser import HTMLParser

VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
SILENT = frozenset({"script", "style", "template"})
CODE = frozenset({"code", "kbd", "samp"})
NO_LANGUAGE = "zxx"
"""What HTML and BCP 47 say of text that is in no language: identifiers, code."""
SPOKEN = frozenset(
    {"alt", "aria-description", "aria-label", "aria-roledescription", "aria-valuetext", "content", "label",
     "placeholder", "summary", "title", "value"}
)  # fmt: skip


@dataclass(frozen=True)
class Piece:
    text: str
    language: str
    place: str
    """The element, and the attribute where it is one: ``button``, ``img[alt]``."""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, str]] = [("", "")]
        self.pieces: list[Piece] = []

    def handle_starttag(self, tag, attributes):
        facts = {name: value or "" for name, value in attributes}
        language = facts.get("lang", self.open[-1][1])
        if tag in CODE or facts.get("translate") == "no":
            language = NO_LANGUAGE
        if tag not in VOID:
            self.open.append((tag, language))
        for name in SPOKEN & facts.keys():
            if self._is_spoken(tag, name, facts):
                self._add(facts[name], language, f"{tag}[{name}]")

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.handle_endtag(tag)

    @staticmethod
    def _is_spoken(tag, name, facts):
        if name == "content":
            return facts.get("name") == "description"
        if name == "value":
            return tag == "input" and facts.get("type") in {"submit", "reset", "button"}
        return True

    def handle_endtag(self, tag):
        while len(self.open) > 1 and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        tag, language = self.open[-1]
        if tag not in SILENT:
            self._add(data, language, tag)

    def _add(self, text, language, place):
        if text.strip():
            self.pieces.append(Piece(" ".join(text.split()), language, place))


def pieces(html: str) -> list[Piece]:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.pieces
