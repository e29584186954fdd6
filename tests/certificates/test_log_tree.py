"""The Merkle tree of RFC 9162 against published vectors, and its proofs against verifiers that share nothing with it."""

import importlib.util
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certificates.log import tree

SCRIPT = Path(__file__).resolve().parents[2] / "docs" / "verify_log_proof.py"


def stand_alone():
    spec = importlib.util.spec_from_file_location("verify_log_proof", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


script = stand_alone()

# The eight leaves that the implementations of RFC 6962 test each other with, and the roots of the trees of 0 to 8.
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = {
    (1, 1): [],
    (1, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (6, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (3, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (2, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
"""Leaf (counted from 1, as the vectors do) and size."""
CONSISTENCY = {
    (1, 1): [],
    (1, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}


def grown(leaves, steps=(1,)):
    """The stored hashes of a tree that grew by ``steps`` leaves at a time, over and over."""
    stored, size, turn = {}, 0, 0
    while size < len(leaves):
        part = leaves[size : size + steps[turn % len(steps)]]
        frontier = {place: stored[place] for place in tree.complete_subtrees((0, size))}
        new = tree.grow(size, [tree.leaf_hash(leaf) for leaf in part], frontier)
        assert not new.keys() & stored.keys()
        stored |= new
        size, turn = size + len(part), turn + 1
    return stored


def hashed(spans, stored):
    return [tree.span_hash(span, stored) for span in spans]


@pytest.mark.parametrize("size", range(9))
def test_the_roots_of_the_known_leaves_are_the_published_ones(size):
    assert tree.span_hash((0, size), grown(LEAVES)).hex() == ROOTS[size]


@pytest.mark.parametrize(("leaf", "size"), INCLUSION)
def test_the_inclusion_paths_are_the_published_ones(leaf, size):
    spans = tree.inclusion_spans(leaf - 1, size)
    assert [each.hex() for each in hashed(spans, grown(LEAVES))] == INCLUSION[leaf, size]


@pytest.mark.parametrize(("first", "second"), CONSISTENCY)
def test_the_consistency_paths_are_the_published_ones(first, second):
    spans = tree.consistency_spans(first, second)
    assert [each.hex() for each in hashed(spans, grown(LEAVES))] == CONSISTENCY[first, second]


def plain_root(leaves):
    """The definition of RFC 9162, 2.1.1, to the letter."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return sha256(b"\x01" + plain_root(leaves[:k]) + plain_root(leaves[k:])).digest()


sizes = st.integers(1, 200)
steps = st.lists(st.integers(1, 40), min_size=1, max_size=4)


def some_leaves(size):
    return [index.to_bytes(4, "big") for index in range(size)]


@given(sizes, steps)
def test_a_tree_has_the_same_hashes_however_it_grew(size, steps):
    stored = grown(some_leaves(size), steps)
    assert stored == grown(some_leaves(size), [size])
    assert len(stored) == 2 * size - size.bit_count()
    assert tree.span_hash((0, size), stored) == plain_root(some_leaves(size))


@given(st.data())
def test_every_leaf_is_proved_to_whoever_has_only_the_root(data):
    size = data.draw(sizes)
    index = data.draw(st.integers(0, size - 1))
    leaves = some_leaves(size)
    path = hashed(tree.inclusion_spans(index, size), grown(leaves, [size]))
    assert len(path) <= (size - 1).bit_length()
    root, leaf = plain_root(leaves), tree.leaf_hash(leaves[index])
    script.check_inclusion(index, size, leaf, path, root)
    for wrong in range(size):
        if wrong != index:
            with pytest.raises(script.NotProvedError):
                script.check_inclusion(index, size, tree.leaf_hash(leaves[wrong]), path, root)
    for spoilt in (path[:-1], [*path, root], [bytes(32), *path[1:]]):
        if spoilt != path:
            with pytest.raises(script.NotProvedError):
                script.check_inclusion(index, size, leaf, spoilt, root)


@given(st.data())
def test_a_tree_that_grew_is_consistent_and_one_that_was_rewritten_is_not(data):
    second = data.draw(sizes)
    first = data.draw(st.integers(1, second))
    leaves = some_leaves(second)
    path = hashed(tree.consistency_spans(first, second), grown(leaves, [second]))
    old, new = plain_root(leaves[:first]), plain_root(leaves)
    script.check_consistency(first, second, old, new, path)
    other = [b"x", *leaves[1:]]
    with pytest.raises(script.NotProvedError):
        script.check_consistency(first, second, plain_root(other[:first]), new, path)
    with pytest.raises(script.NotProvedError):
        script.check_consistency(first, second, old, plain_root(other), path)


@given(st.data())
def test_a_proof_takes_few_hashes_even_of_a_very_large_tree(data):
    size = data.draw(st.integers(1, 1 << 40))
    index = data.draw(st.integers(0, size - 1))
    reads = tree.positions_of([*tree.inclusion_spans(index, size), (0, size), (index, index + 1)])
    assert len(set(reads)) <= 2 * size.bit_length() + 1
