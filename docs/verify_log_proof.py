#!/usr/bin/env python3
"""Checks proofs of the transparency log without the portal: needs Python and the package `cryptography`, nothing else.

    verify_log_proof.py evidence    EVIDENCE.json --keys JWKS.json
    verify_log_proof.py inclusion   PROOF.json --checkpoint NOTE --keys JWKS.json [--statement STATEMENT.json]
    verify_log_proof.py consistency PROOF.json --old NOTE --new NOTE --keys JWKS.json

EVIDENCE.json is what the holder of a certificate downloads on its page. PROOF.json is an answer of `/api/v1/log/proof`,
NOTE one of `/api/v1/log/checkpoint` (the JSON answer, or its bare note), JWKS.json the issuer's keys from
`/.well-known/jwks.json`: fetch them once and keep them. Prints what was proved and ends with 0, or says what is wrong and
ends with 1. Hashing and proofs follow RFC 9162, section 2.1; the note follows C2SP signed-note, ECDSA P-256 with SHA-256.
"""

import argparse
import json
import sys
from base64 import b64decode, b64encode, urlsafe_b64decode
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


class NotProvedError(Exception):
    """The text says what does not fit."""


def leaf_hash(data: bytes) -> bytes:
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def statement_leaf(statement: dict[str, Any]) -> bytes:
    """The leaf of a statement: its SHA-256 as JSON with sorted keys and no spaces, hashed as a leaf."""
    text = json.dumps(statement, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return leaf_hash(sha256(text.encode()).digest())


def check_inclusion(index: int, size: int, leaf: bytes, path: list[bytes], root: bytes) -> None:
    """RFC 9162, 2.1.3.2: climb from the leaf; a node without a right neighbour goes up as it is."""
    if not 0 <= index < size:
        raise NotProvedError(f"A tree of {size} leaves has no leaf {index}.")
    place, last, climbed = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise NotProvedError("The path is too long.")
        if place % 2 or place == last:
            climbed = node_hash(sibling, climbed)
            while place % 2 == 0 and place:
                place, last = place >> 1, last >> 1
        else:
            climbed = node_hash(climbed, sibling)
        place, last = place >> 1, last >> 1
    if last or climbed != root:
        raise NotProvedError("The path does not lead from the leaf to the root.")


def check_consistency(  # noqa: C901 - the algorithm of the RFC in one piece
    first: int, second: int, first_root: bytes, second_root: bytes, path: list[bytes]
) -> None:
    """RFC 9162, 2.1.4.2: build both roots from the same path."""
    if not 1 <= first <= second:
        raise NotProvedError("The sizes are not those of an older and a newer tree.")
    if first == second:
        if path or first_root != second_root:
            raise NotProvedError("Two heads of one size differ.")
        return
    if first & (first - 1) == 0:
        path = [first_root, *path]  # a whole subtree of the newer tree: its hash is known already
    if not path:
        raise NotProvedError("The path is empty.")
    place, last = first - 1, second - 1
    while place % 2:
        place, last = place >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise NotProvedError("The path is too long.")
        if place % 2 or place == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while place % 2 == 0 and place:
                place, last = place >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        place, last = place >> 1, last >> 1
    if last or old != first_root or new != second_root:
        raise NotProvedError("The newer tree does not begin with the older one.")


def read_checkpoint(note: str, keys: list[Any]) -> tuple[str, int, bytes]:
    """Origin, size and root of a checkpoint that one of the issuer's keys signed."""
    text, found, signatures = note.rpartition("\n\n")
    lines = text.split("\n")
    if not found or len(lines) < 3:
        raise NotProvedError("The checkpoint is no signed note.")
    signed = (text + "\n").encode()
    for line in signatures.splitlines():
        words = line.split(" ")
        if len(words) == 3 and words[:2] == ["—", lines[0]] and _is_signed(signed, _bytes(words[2]), keys):
            return lines[0], int(lines[1]), _bytes(lines[2])
    raise NotProvedError("None of the keys signed this checkpoint.")


def _bytes(text: str) -> bytes:
    data = b64decode(text)
    if b64encode(data).decode() != text:
        raise NotProvedError("The base64 is not in its one canonical form.")
    return data


def _is_signed(text: bytes, signature: bytes, keys: list[Any]) -> bool:
    for key in keys:
        spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        if sha256(spki).digest()[:4] != signature[:4]:
            continue
        try:
            key.verify(signature[4:], text, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            continue
        return True
    return False


def read_keys(jwks: dict[str, Any]) -> list[Any]:
    """The P-256 keys of a JSON Web Key Set."""
    keys = [jwk for jwk in jwks["keys"] if (jwk["kty"], jwk.get("crv")) == ("EC", "P-256")]
    return [
        ec.EllipticCurvePublicNumbers(_number(k["x"]), _number(k["y"]), ec.SECP256R1()).public_key()
        for k in keys
    ]


def _number(text: str) -> int:
    return int.from_bytes(urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")


def verify_statement(statement: dict[str, Any], proof: dict[str, Any]) -> None:
    if statement_leaf(statement) != bytes.fromhex(proof["leaf"]):
        raise NotProvedError("The statement is not the one that the leaf commits to.")


def verify_inclusion(proof: dict[str, Any], note: str, keys: list[Any]) -> str:
    origin, size, root = read_checkpoint(note, keys)
    leaf = bytes.fromhex(proof["leaf"])
    if size != proof["size"]:
        raise NotProvedError(f"The checkpoint is of {size} leaves, the proof of {proof['size']}.")
    check_inclusion(proof["index"], size, leaf, [bytes.fromhex(each) for each in proof["path"]], root)
    return f"Leaf {proof['index']} is in the log {origin} of {size} leaves."


def verify_consistency(proof: dict[str, Any], old: str, new: str, keys: list[Any]) -> str:
    origin, first, first_root = read_checkpoint(old, keys)
    other, second, second_root = read_checkpoint(new, keys)
    if origin != other or (first, second) != (proof["first"], proof["second"]):
        raise NotProvedError("The proof is not about these two checkpoints.")
    path = [bytes.fromhex(each) for each in proof["path"]]
    check_consistency(first, second, first_root, second_root, path)
    return f"The log {origin} of {second} leaves begins with the one of {first} leaves, unchanged."


def _json(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def _note(path: Path | None) -> str:
    if path is None:
        raise NotProvedError("A checkpoint is missing: see --help for which are needed.")
    text = path.read_text(encoding="utf-8")
    return json.loads(text)["note"] if text.startswith("{") else text


def _options(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=["evidence", "inclusion", "consistency"])
    parser.add_argument("file", type=Path)
    parser.add_argument("--keys", type=Path, required=True)
    for name in ("checkpoint", "statement", "old", "new"):
        parser.add_argument(f"--{name}", type=Path)
    return parser.parse_args(words)


def _run(options: argparse.Namespace) -> list[str]:
    keys, given = read_keys(_json(options.keys)), _json(options.file)
    if options.what == "consistency":
        return [verify_consistency(given, _note(options.old), _note(options.new), keys)]
    if options.what == "inclusion":
        if options.statement:
            verify_statement(_json(options.statement), given)
        return [verify_inclusion(given, _note(options.checkpoint), keys)]
    if not given["leaves"]:
        raise NotProvedError("There is no leaf in it, so it proves nothing.")
    return [_evidence(leaf, given["checkpoint"], keys) for leaf in given["leaves"]]


def _evidence(leaf: dict[str, Any], note: str, keys: list[Any]) -> str:
    verify_statement(leaf["statement"], leaf["proof"])
    proved = verify_inclusion(leaf["proof"], note, keys)
    return f"{proved} {json.dumps(leaf['statement'], ensure_ascii=False)}"


def main(words: list[str] | None = None) -> int:
    try:
        print("\n".join(_run(_options(words))))
    except (
        NotProvedError,
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
    ) as error:
        print(f"NOT PROVED: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
