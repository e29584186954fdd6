"""Proofs from a log of 1,000,000 leaves against a bare indexed read: ``python -m tests.benchmarks.bench_log``.

Real PostgreSQL. The tree is filled with hashes of its own (what a leaf commits to does not matter here) by the code that
the sequencer uses; proofs are checked with the stand-alone script, the rows that they read are counted.
"""

import random
import statistics
import time
from collections.abc import Callable
from hashlib import sha256
from io import StringIO

from tests.benchmarks.database import own_database

LEAVES = 1_000_000
AT_ONCE = 50_000
PROOFS = 2_000
LEAF = (
    "INSERT INTO certificates_logleaf (index, kind, at, version_id, paper_id, closing_id, state, reason, salt, commitment, "
    "leaf_hash) VALUES (%s, 'issued', now(), 1, NULL, NULL, 'valid', '', '', '', '')"
)


def fill() -> float:
    """Write the nodes of a million leaves, and the last leaf, from which the size is known; return the seconds."""
    from django.db import connection

    from certificates.log import tree

    started = time.perf_counter()
    frontier: dict[int, bytes] = {}
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica; SET synchronous_commit = off")
        for size in range(0, LEAVES, AT_ONCE):
            hashes = [sha256(index.to_bytes(8, "big")).digest() for index in range(size, size + AT_ONCE)]
            grown = tree.grow(size, hashes, frontier)
            rows = StringIO("".join(f"{place}\t\\\\x{each.hex()}\n" for place, each in sorted(grown.items())))
            cursor.copy_expert("COPY certificates_lognode (position, hash) FROM STDIN", rows)
            known = frontier | grown
            frontier = {place: known[place] for place in tree.complete_subtrees((0, size + AT_ONCE))}
        cursor.execute(LEAF, [LEAVES - 1])
        cursor.execute("RESET session_replication_role")
        cursor.execute("VACUUM ANALYZE certificates_lognode")
    return time.perf_counter() - started


def timed(work: Callable[[int], object], items: list[int]) -> float:
    """Return the median of the seconds that one piece of work takes."""
    seconds = []
    for item in items:
        started = time.perf_counter()
        work(item)
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def bare(place: int) -> bytes:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT hash FROM certificates_lognode WHERE position = %s", [place])
        return bytes(cursor.fetchone()[0])


def main() -> None:
    with own_database():
        from certificates.log import tree
        from certificates.log.proofs import consistency, inclusion
        from tests.certificates.test_log_tree import script

        filled = fill()
        random.seed(9162)
        chosen = [random.randrange(LEAVES) for _ in range(PROOFS)]
        for index in chosen[:50]:
            proof = inclusion(index, LEAVES)
            script.check_inclusion(index, LEAVES, proof.leaf, proof.path, proof.root)
        reads = [
            len(set(tree.positions_of([*tree.inclusion_spans(i, LEAVES), (0, LEAVES), (i, i + 1)])))
            for i in chosen
        ]
        one = timed(bare, [tree.position(0, index) for index in chosen])
        include = timed(lambda index: inclusion(index, LEAVES), chosen)
        grow = timed(lambda index: consistency(index + 1, LEAVES), chosen)
        print(f"a tree of {LEAVES} leaves written in {filled:.1f} s")
        print(f"one indexed read                  {one * 1e6:8.0f} µs")
        print(
            f"inclusion proof                   {include * 1e6:8.0f} µs   {include / one:5.1f} ×   "
            f"rows read: median {statistics.median(reads):.0f}, most {max(reads)} (log₂ n = {LEAVES.bit_length()})"
        )
        print(f"consistency proof                 {grow * 1e6:8.0f} µs   {grow / one:5.1f} ×")


if __name__ == "__main__":
    main()
