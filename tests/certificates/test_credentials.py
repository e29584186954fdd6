"""Credential, token and status list, read back with code that did not write them.

The readers here (`StandardReader`, `token_by_the_document`) follow the standards and docs/verification.md alone and
share nothing with the portal.
"""

import base64
import json
import random
import re
import zlib
from datetime import date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey
from stdnum.iso7064 import mod_37_36

from certificates.credentials.bitstring import ENTRIES, ListName, Purpose, list_encode, list_read
from certificates.credentials.jose import CredentialKey, SignatureError, verify_jwt
from certificates.credentials.offline import Snapshot, Status, keys_read, snapshot_read
from certificates.credentials.open_badge import credential, credential_sign
from certificates.credentials.token import ALPHABET, text_decode, text_encode, token_read, token_sign
from certificates.documents.issuer import create_demo_issuer
from certificates.licence import licence_identifier, licence_serial
from tests.certificates.document_samples import (
    LICENCE,
    NUMBER,
    PORTAL,
    credential_facts,
    sample_key,
    token_facts,
)
from tests.factories import shanghai

KEYS = {sample_key().kid: sample_key().jwk}


def altered(text, characters, count):
    """``count`` copies of ``text``, each with one character exchanged, always the same ones."""
    draw = random.Random(20201231)
    for _ in range(count):
        place = draw.randrange(len(text))
        other = draw.choice([character for character in characters if character != text[place]])
        yield text[:place] + other + text[place + 1 :]


BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


# The key


def test_the_key_id_is_the_thumbprint_of_rfc_7638():
    jwk = sample_key().jwk
    canonical = json.dumps({name: jwk[name] for name in ("crv", "kty", "x", "y")}, separators=(",", ":"))
    digest = base64.urlsafe_b64encode(sha256(canonical.encode()).digest()).rstrip(b"=").decode()
    assert sample_key().kid == digest


def test_the_public_key_holds_nothing_private():
    assert set(sample_key().jwk) == {"kty", "crv", "x", "y"}


@pytest.mark.parametrize(
    "pem", ["", "garbage", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"]
)
def test_what_is_no_key_on_p_256_is_refused(pem):
    with pytest.raises(ValueError):  # noqa: PT011 - which one is the library's business
        CredentialKey.load(pem)


def test_signatures_are_the_same_each_time_as_rfc_6979_has_them():
    assert sample_key().sign(b"sample") == sample_key().sign(b"sample")
    assert sample_key().sign(b"sample") != sample_key().sign(b"test")


def test_the_vector_of_rfc_6979_for_p_256_and_sha_256():
    secret = int("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721", 16)
    key = CredentialKey("", {}, ec.derive_private_key(secret, ec.SECP256R1()))
    assert key.sign(b"sample").hex().upper() == (
        "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
        "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"
    )


# The credential


def test_the_credential_is_verified_by_another_library_and_says_what_was_printed():
    text = credential_sign(credential_facts(), sample_key())
    found = jws.deserialize_compact(text, ECKey.import_key(sample_key().jwk), algorithms=["ES256"])
    assert found.headers() == {"alg": "ES256", "kid": sample_key().kid, "typ": "vc+jwt", "cty": "vc"}
    said = json.loads(found.payload)
    assert said["@context"][:2] == [
        "https://www.w3.org/ns/credentials/v2",
        "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
    ]
    assert said["type"] == ["VerifiableCredential", "OpenBadgeCredential"]
    subject = said["credentialSubject"]
    assert subject["licenseNumber"] == NUMBER
    assert [identity["identityHash"] for identity in subject["identifier"]] == [
        "林海生",
        "469900********1234",
    ]
    assert (subject["achievement"]["humanCode"], subject["achievement"]["name"]) == ("101", "土建施工员")
    assert said["validFrom"] == "2020-12-28T09:00:00+08:00"
    assert said["licenceIdentifier"] == LICENCE
    assert base64.urlsafe_b64decode(said["commitmentSalt"] + "==") == bytes(range(16))


def test_the_credential_has_the_members_that_open_badges_3_requires():
    said = credential(credential_facts())
    assert {"@context", "id", "type", "issuer", "validFrom", "credentialSubject"} <= said.keys()
    assert {"id", "type"} <= said["issuer"].keys()
    assert {"id", "type", "name", "description", "criteria"} <= said["credentialSubject"][
        "achievement"
    ].keys()
    for identity in said["credentialSubject"]["identifier"]:
        assert {"type", "hashed", "identityHash", "identityType"} <= identity.keys()
    assert "469900199001011234" not in json.dumps(said)


def test_the_registered_claims_say_what_the_credential_says_as_open_badges_3_asks():
    text = credential_sign(credential_facts(), sample_key())
    header, said = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in text.split(".")[:2])
    assert header == {"alg": "ES256", "kid": sample_key().kid, "typ": "vc+jwt", "cty": "vc"}
    assert said["iss"] == said["issuer"]["id"] == PORTAL
    assert said["jti"] == said["id"]
    assert said["sub"] == said["credentialSubject"]["id"] == f"{PORTAL}/v/{NUMBER}#holder"
    assert said["nbf"] == datetime.fromisoformat(said["validFrom"]).timestamp()
    assert "validUntil" not in said  # a certificate has no last day, so no "exp"
    assert not {"vc", "vp", "exp"} & set(said)
    for address in (said["id"], said["iss"], said["sub"], said["credentialSubject"]["achievement"]["id"]):
        assert urlsplit(address).scheme == "https"


def test_a_later_version_is_valid_from_its_own_moment():
    later = shanghai(2021, 3, 1, 9)
    said = verify_jwt(
        credential_sign(credential_facts(version=2, valid_from=later), sample_key()), KEYS, typ="vc+jwt"
    )
    assert said["nbf"] == later.timestamp()
    assert said["awardedDate"] != said["validFrom"]
    assert said["jti"].endswith("#version-2")


def test_the_credential_names_its_place_in_two_lists():
    revocation, suspension = credential(credential_facts())["credentialStatus"]
    assert revocation == {
        "id": f"{PORTAL}/api/v1/status-lists/revocation-1#94567",
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": "94567",
        "statusListCredential": f"{PORTAL}/api/v1/status-lists/revocation-1",
    }
    assert suspension["statusPurpose"] == "suspension"
    assert suspension["statusListCredential"].endswith("/suspension-1")


def test_the_same_facts_give_the_same_credential():
    assert credential_sign(credential_facts(), sample_key()) == credential_sign(
        credential_facts(), sample_key()
    )


def test_a_credential_altered_by_one_character_is_refused():
    text = credential_sign(credential_facts(), sample_key())
    assert credential(credential_facts()).items() <= verify_jwt(text, KEYS, typ="vc+jwt").items()
    for other in altered(text, BASE64URL + ".", 200):
        with pytest.raises(SignatureError):
            verify_jwt(other, KEYS, typ="vc+jwt")


def test_every_other_last_character_of_a_credential_is_refused():
    text = credential_sign(credential_facts(), sample_key())
    for character in set(BASE64URL) - {text[-1]}:
        with pytest.raises(SignatureError):
            verify_jwt(text[:-1] + character, KEYS, typ="vc+jwt")


def jwt(header, payload=b"{}", signature=b"\0" * 64):
    parts = (json.dumps(header).encode(), payload, signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "..",
        "a.b.c",
        "é.é.é",
        jwt({"alg": "none", "typ": "vc+jwt", "kid": sample_key().kid}, signature=b""),
        jwt({"alg": "HS256", "typ": "vc+jwt", "kid": sample_key().kid}),
        jwt({"alg": "ES256", "typ": "vc+jwt", "kid": "other"}),
        jwt({"alg": "ES256", "typ": "vc+jwt", "kid": ["x"]}),
        jwt({"alg": "ES256", "typ": "vc+jwt", "kid": sample_key().kid}),
        jwt(["ES256"]),
        jwt([[[[]]]]),
        base64.urlsafe_b64encode(b"[" * 90_000).rstrip(b"=").decode() + ".e30.AA",
    ],
)
def test_what_was_never_signed_is_refused(text):
    with pytest.raises(SignatureError):
        verify_jwt(text, KEYS, typ="vc+jwt")


def test_one_kind_of_text_does_not_pass_for_another():
    text = sample_key().sign_jwt({"iat": 0, "lists": {}, "keys": []}, typ="status-snapshot+jwt")
    with pytest.raises(SignatureError, match="another kind"):
        verify_jwt(text, KEYS, typ="vc+jwt")


def test_a_key_embedded_by_the_sender_is_not_believed():
    stranger = sample_key(7)
    text = stranger.sign_jwt(credential(credential_facts()), typ="vc+jwt", jwk=json.dumps(stranger.jwk))
    with pytest.raises(SignatureError):
        verify_jwt(text, KEYS, typ="vc+jwt")


def test_after_a_rotation_the_older_credential_still_verifies():
    older, newer = sample_key(), sample_key(8)
    keys = KEYS | {newer.kid: newer.jwk}
    for key in (older, newer):
        assert verify_jwt(credential_sign(credential_facts(), key), keys, typ="vc+jwt")
        assert token_read(token_sign(token_facts(), key), keys) == token_facts()


# The status list: W3C Bitstring Status List v1.0


class StandardReader:
    """Reads an ``encodedList`` step by step as section 3.4 of the standard says, bit by bit."""

    def __init__(self, encoded):
        assert encoded[0] == "u"  # multibase: base64url without padding
        packed = base64.b64decode(encoded[1:].replace("-", "+").replace("_", "/") + "===", validate=False)
        assert packed[:3] == b"\x1f\x8b\x08"  # RFC 1952
        self.bits = "".join(f"{byte:08b}" for byte in zlib.decompress(packed, wbits=31))


EXAMPLE = "uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA"
"""The list in the standard's own example of a BitstringStatusListCredential: 131,072 entries, none set."""


def test_the_example_of_the_standard_is_read_as_an_empty_list():
    assert len(StandardReader(EXAMPLE).bits) == 131_072 == ENTRIES
    assert not any(list_read(EXAMPLE, place) for place in (0, 1, 7, 8, 94567, 131_071))
    with pytest.raises(IndexError):
        list_read(EXAMPLE, 131_072)


def test_an_empty_list_is_the_example_of_the_standard_bit_for_bit():
    assert StandardReader(list_encode([])).bits == StandardReader(EXAMPLE).bits


def test_a_list_of_another_implementation_is_read():
    revoked = "uH4sIAAAAAAAAA-3OMQ0AAAgDsElHOh72EJJWQRMAAAAAAIDWXAcAAAAAAIDHFvRitn7UMAAA"
    assert [place for place, bit in enumerate(StandardReader(revoked).bits) if bit == "1"] == [50_000]
    assert list_read(revoked, 50_000)
    assert not any(list_read(revoked, place) for place in (0, 49_999, 50_001, 50_007, 99_999))


@given(st.sets(st.integers(0, ENTRIES - 1), max_size=40))
def test_exactly_the_given_places_are_set(places):
    reader = StandardReader(list_encode(places))
    assert len(reader.bits) == ENTRIES
    assert {place for place, bit in enumerate(reader.bits) if bit == "1"} == places


def test_the_first_place_is_the_leftmost_bit_and_the_last_the_rightmost():
    assert StandardReader(list_encode([0])).bits.index("1") == 0
    assert StandardReader(list_encode([ENTRIES - 1])).bits.index("1") == ENTRIES - 1
    packed = base64.urlsafe_b64decode(list_encode([0])[1:] + "==")
    assert zlib.decompress(packed, wbits=31)[:2] == b"\x80\x00"


def test_a_place_beyond_the_list_is_refused():
    with pytest.raises(IndexError):
        list_encode([ENTRIES])


def test_the_same_places_give_the_same_text():
    assert list_encode([5, 9]) == list_encode([9, 5])


@pytest.mark.parametrize("text", ["", "mH4sI", "uAAAA", "uH4sIAAAA", "uH4sIAAAAAAAA_____w"])
def test_what_is_no_list_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011 - base64's own or ours
        list_read(text, 0)


# The token: docs/verification.md, read without a line of the portal's


def token_by_the_document(text, public_key):
    letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ$*+-:"
    data = b""
    while text:
        group, text = text[:3], text[3:]
        value = sum(letters.index(letter) * 41**power for power, letter in enumerate(group))
        data += value.to_bytes(len(group) - 1, "big")
    body, signature = data[:-64], data[-64:]
    key = ECKey.import_key(public_key)
    der = utils.encode_dss_signature(
        int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    )
    key.public_key.verify(der, body, ec.ECDSA(SHA256()))
    return {
        "format": body[0],
        "key": body[1:5],
        "number": str(int.from_bytes(body[5:12], "big")).zfill(16),
        "version": int.from_bytes(body[12:14], "big"),
        "issued_on": date(2000, 1, 1) + timedelta(int.from_bytes(body[14:16], "big")),
        "post": str(int.from_bytes(body[16:18], "big")).zfill(3),
        "page": int.from_bytes(body[18:20], "big"),
        "index": int.from_bytes(body[20:23], "big"),
        "holder": body[23:].decode(),
    }


def test_a_reader_written_from_the_document_alone_reads_the_token():
    assert token_by_the_document(token_sign(token_facts(), sample_key()), sample_key().jwk) == {
        "format": 1,
        "key": base64.urlsafe_b64decode(sample_key().kid + "=")[:4],
        "number": NUMBER,
        "version": 1,
        "issued_on": date(2020, 12, 28),
        "post": "101",
        "page": 1,
        "index": 94567,
        "holder": "林**",
    }


def number_of_format_2_by_the_document(body):
    length = body[5]
    room = next(count for count in range(30) if 36**length - 1 < 256**count)
    value = int.from_bytes(body[6 : 6 + room], "big")
    digits = ""
    while len(digits) < length:
        value, digit = divmod(value, 36)
        digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[digit] + digits
    return digits, 6 + room


@pytest.mark.parametrize(
    "number",
    [
        "E101202046001222",
        "462020JZ101000012M",
        "2020101000126",
        "0",
        "ZZZZZZZZZZZZZZZZZZZZZZZZ",
        "00012345678901234",
    ],
)
def test_a_number_of_another_pattern_makes_a_token_too(number):
    token = token_sign(token_facts(number=number), sample_key())
    assert token_read(token, KEYS) == token_facts(number=number)
    body = text_decode(token)[:-64]
    read, end = number_of_format_2_by_the_document(body)
    assert (body[0], read) == (2, number)
    assert int.from_bytes(body[end : end + 2], "big") == 1
    assert body[end + 11 :].decode() == "林**"
    for other in altered(token, ALPHABET, 60):
        with pytest.raises(SignatureError):
            token_read(other, KEYS)


@pytest.mark.parametrize("number", ["", "琼建培字1", "e1", "1-2", "1" * 41])
def test_a_number_that_no_pattern_makes_has_no_token(number):
    with pytest.raises(ValueError, match="number"):
        token_sign(token_facts(number=number), sample_key())


def test_the_example_in_the_document_is_the_token_that_it_describes():
    document = (Path(__file__).parents[2] / "docs" / "verification.md").read_text("utf-8")
    [example] = re.findall(r"(?m)^    ([0-9A-Z$*+:-]{100,})$", document)
    assert token_read(example, KEYS) == token_facts()
    assert example == token_sign(token_facts(), sample_key())


def test_the_token_is_read_bare_or_within_the_scanned_address():
    token = token_sign(token_facts(), sample_key())
    for text in (token, f" {token}\n", f"HTTPS://PORTAL.EXAMPLE/V/{NUMBER}#{token}"):
        assert token_read(text, KEYS) == token_facts()


def test_a_token_altered_by_one_character_is_refused():
    token = token_sign(token_facts(), sample_key())
    for other in altered(token, ALPHABET, 300):
        with pytest.raises(SignatureError):
            token_read(other, KEYS)


@pytest.mark.parametrize("text", ["", "0", "#", "A" * 137, "a" * 138, ":" * 138, "é" * 138, "0" * 100_000])
def test_what_is_no_token_is_refused(text):
    with pytest.raises(SignatureError):
        token_read(text, KEYS)


def test_a_token_signed_by_a_stranger_is_refused():
    with pytest.raises(SignatureError):
        token_read(token_sign(token_facts(), sample_key(7)), KEYS)


def test_a_stranger_whose_key_id_starts_alike_is_refused():
    stranger = sample_key(7)
    twin = CredentialKey(sample_key().kid, stranger.jwk, stranger.private_key)
    with pytest.raises(SignatureError):
        token_read(token_sign(token_facts(), twin), KEYS)


@given(st.binary(max_size=200))
def test_any_bytes_become_text_and_bytes_again(data):
    text = text_encode(data)
    assert text_decode(text) == data
    assert set(text) <= set(ALPHABET)


@given(st.text(ALPHABET, max_size=40))
def test_no_two_texts_stand_for_the_same_bytes(text):
    try:
        data = text_decode(text)
    except ValueError:
        return
    assert text_encode(data) == text


def test_the_characters_of_a_token_pass_through_an_address_unchanged():
    assert len(set(ALPHABET)) == 41
    assert quote(ALPHABET, safe="$*+-:") == ALPHABET
    assert urlsplit(f"https://portal.example/V/1#{ALPHABET}").fragment == ALPHABET


@pytest.mark.parametrize("name", ["林**", "阿" + "*" * 23, "𠮷*", "M" + "*" * 99, "欧" * 60])
def test_the_longest_names_still_make_a_token(name):
    facts = token_facts(holder=name, version=999, status_list=65_535, status_index=ENTRIES - 1)
    assert name.startswith(token_read(token_sign(facts, sample_key()), KEYS).holder)


# The licence identifier: GB/T 36904


def test_the_licence_identifier_has_its_parts_and_its_check_character():
    root, rest = LICENCE[:14], LICENCE[15:]
    assert root == "1.2.156.3005.2"
    kind, issuer, serial, version, check = rest.split(".")
    assert [len(part) for part in (kind, issuer, version, check)] == [21, 18, 3, 1]
    assert (serial, version) == (NUMBER, "001")
    assert mod_37_36.is_valid(f"{kind}{issuer}{serial}{version}{check}")


def test_a_corrected_certificate_keeps_its_serial_and_gets_the_next_version():
    parts = {"type_code": "11469900MB00002037001", "issuer_code": "11469900MB00002037", "serial": NUMBER}
    assert licence_identifier(**parts, version=1) == LICENCE
    assert licence_serial(licence_identifier(**parts, version=2)) == (NUMBER, 2)


def test_a_licence_identifier_with_one_wrong_character_is_refused():
    assert licence_serial(LICENCE) == (NUMBER, 1)
    for wrong in altered(LICENCE, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ.", 200):
        assert licence_serial(wrong) is None, wrong


def test_a_part_that_does_not_fit_stops_the_identifier():
    for wrong in ({"type_code": "123"}, {"issuer_code": "x" * 18}, {"version": 1000}):
        parts = {"type_code": "11469900MB00002037001", "issuer_code": "11469900MB00002037", "serial": NUMBER}
        with pytest.raises(ValueError, match="GB/T 36904"):
            licence_identifier(**{**parts, "version": 1} | wrong)


# The snapshot


TAKEN_AT = shanghai(2020, 12, 31, 8)


def snapshot(*, revoked=(), suspended=(), key=None, more_keys=()):
    key = key or sample_key()
    payload = {
        "iat": int(TAKEN_AT.timestamp()),
        "lists": {"revocation-1": list_encode(revoked), "suspension-1": list_encode(suspended)},
        "keys": [{**other.jwk, "kid": other.kid} for other in (key, *more_keys)],
    }
    return key.sign_jwt(payload, typ="status-snapshot+jwt")


@pytest.mark.parametrize(
    ("lists", "place", "expected"),
    [
        ({}, {}, Status.IN_FORCE),
        ({"revoked": [94567]}, {}, Status.REVOKED),
        ({"suspended": [94567]}, {}, Status.SUSPENDED),
        ({"revoked": [94567], "suspended": [94567]}, {}, Status.REVOKED),
        ({"revoked": [94566, 94568]}, {}, Status.IN_FORCE),
        ({}, {"issued_on": date(2021, 1, 1)}, Status.NEWER),
        ({}, {"issued_on": date(2020, 12, 31)}, Status.IN_FORCE),
        ({}, {"page": 2}, Status.NEWER),
    ],
)
def test_a_snapshot_tells_what_is_no_longer_in_force(lists, place, expected):
    read = snapshot_read(snapshot(**lists), KEYS)
    assert read.taken_at == TAKEN_AT
    asked = {"page": 1, "place": 94567, "issued_on": date(2020, 12, 28)} | place
    assert read.status(**asked) is expected


def test_a_snapshot_brings_newer_keys_along():
    newer = sample_key(8)
    read = snapshot_read(snapshot(more_keys=[newer]), KEYS)
    assert token_read(token_sign(token_facts(), newer), read.keys) == token_facts()


def test_a_snapshot_of_a_stranger_or_altered_by_one_character_is_refused():
    with pytest.raises(SignatureError):
        snapshot_read(snapshot(key=sample_key(7)), KEYS)
    for other in altered(snapshot(), BASE64URL, 60):
        with pytest.raises(SignatureError):
            snapshot_read(other, KEYS)


@pytest.mark.parametrize("content", [{}, {"keys": 1}, {"keys": [{}]}, {"keys": [{"kid": "x", "kty": "RSA"}]}])
def test_what_is_no_key_set_is_refused(content):
    with pytest.raises(SignatureError):
        keys_read(content)


def test_list_names_are_those_of_the_addresses():
    assert str(ListName(Purpose.REVOCATION, 3)) == "revocation-3"
    assert isinstance(snapshot_read(snapshot(), KEYS), Snapshot)
    assert create_demo_issuer()  # the demo's key can sign credentials too
    assert CredentialKey.load(create_demo_issuer()[0]).kid
