"""The Merkle tree of RFC 9162, section 2.1: which hashes a root or a proof takes, and how they are joined.

Pure. Only complete subtrees are ever stored; each has a place in an in-order walk of the endless tree, so that one number
names it for good. Whatever else a proof needs is joined from at most log₂ n of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256

Span = tuple[int, int]
"""Leaves from the first to before the second."""
Hashes = Mapping[int, bytes]
"""Hashes of complete subtrees by `position`."""

EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def position(level: int, index: int) -> int:
    """Return the place of the ``index``-th complete subtree with 2^``level`` leaves."""
    return ((2 * index + 1) << level) - 1


def complete_subtrees(span: Span) -> list[int]:
    """Return the positions of the complete subtrees that make up a span which a root or a proof asks for, left first."""
    start, end = span
    found = []
    while start < end:
        level = (end - start).bit_length() - 1
        found.append(position(level, start >> level))
        start += 1 << level
    return found


def span_hash(span: Span, hashes: Hashes) -> bytes:
    """Return the hash of a span; ``KeyError`` when one of its `complete_subtrees` is not given."""
    if span[0] == span[1]:
        return EMPTY_ROOT
    *rest, joined = (hashes[each] for each in complete_subtrees(span))
    for left in reversed(rest):
        joined = node_hash(left, joined)
    return joined


def inclusion_spans(index: int, size: int) -> list[Span]:
    """Return the spans whose hashes prove that leaf ``index`` is in the tree of ``size`` leaves (2.1.3.1)."""
    spans: list[Span] = []
    start, end = 0, size
    while end - start > 1:
        middle = _middle(start, end)
        if index < middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
    return spans[::-1]


def consistency_spans(first: int, second: int) -> list[Span]:
    """Return the spans whose hashes prove that the tree of ``second`` leaves continues that of ``first`` (2.1.4.1)."""
    spans: list[Span] = []
    start, end = 0, second
    while first != end:
        middle = _middle(start, end)
        if first <= middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
    if start:
        spans.append((start, end))
    return spans[::-1]


def _middle(start: int, end: int) -> int:
    """Return where a span is split: the left part is the largest power of two smaller than the whole."""
    return start + (1 << (end - start - 1).bit_length() - 1)


def positions_of(spans: Iterable[Span]) -> list[int]:
    return [place for span in spans for place in complete_subtrees(span)]


def grow(size: int, leaves: Sequence[bytes], frontier: Hashes) -> dict[int, bytes]:
    """Return the complete subtrees that come to be when ``leaves`` (their hashes) follow the first ``size``.

    ``frontier`` holds the `complete_subtrees` of the tree as it is.
    """
    level, start, row = 0, size, list(leaves)
    grown: dict[int, bytes] = {}
    while row:
        grown |= {position(level, start + offset): each for offset, each in enumerate(row)}
        if start % 2:
            start -= 1
            row.insert(0, frontier[position(level, start)])
        row = [node_hash(row[at], row[at + 1]) for at in range(0, len(row) - 1, 2)]
        level, start = level + 1, start // 2
    return grown
