"""PROTOCOL.md "Sealing" and "Large letters", both suites, written from that document with python3-nacl alone.

Shares no code with the C implementation: where both agree on proto/vectors/, the document is enough.
"""

import hashlib
import struct
from dataclasses import dataclass, field

import nacl.bindings as sodium
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

BLOCK = 512
PART_SIZE = 262144
START_SIZE = 24                 # the stream's header
OVERHEAD = 17                   # of each part
BODY_SIZE_MAX = 1 << 20


class SealError(Exception):
    """A message that is not what its sender signed, or that is not for us."""


@dataclass
class Stanza:
    address: str
    key_id: str
    sealed_key: bytes = b""


@dataclass
class Seal:
    signing_key: str
    suite: int = 1
    commitment: bytes = b""
    stanzas: list = field(default_factory=list)
    padded_size: int = 0
    signature: bytes = b""


def number(value):
    return struct.pack(">I", value)


def sized(value):
    if isinstance(value, str):
        value = value.encode("utf-8")
    return number(len(value)) + value


def blake2b(data, key=b""):
    return hashlib.blake2b(data, digest_size=32, key=key).digest()


def header_hash(seal, header):
    """H of PROTOCOL.md."""
    text = b"scharnier.v1.header" + number(seal.suite) + sized(header) + number(len(seal.stanzas))
    for stanza in seal.stanzas:
        text += sized(stanza.address) + sized(stanza.key_id)
    return blake2b(text + number(seal.padded_size))


def suffix(suite):
    return b"-parts" if suite == 2 else b""


def encryption_key(content_key, h, suite=1):
    return blake2b(b"scharnier.v1.encrypt" + suffix(suite) + h, key=content_key)


def commitment(content_key, h, suite=1):
    return blake2b(b"scharnier.v1.commit" + suffix(suite) + h, key=content_key)


def digest(parts):
    """What stands for the body of suite 2 wherever it is hashed or signed."""
    return b"".join(blake2b(part) for part in parts)


def message_hash(header, seal, body):
    return blake2b(b"scharnier.v1.message" + sized(header) + sized(seal) + sized(body))


def signed_text(seal, header, body):
    text = b"scharnier.v1.signature" + header_hash(seal, header) + sized(seal.signing_key)
    text += number(len(seal.stanzas))
    for stanza in seal.stanzas:
        text += sized(stanza.address) + sized(stanza.key_id) + stanza.sealed_key
    return text + sized(seal.commitment) + blake2b(body)


def pad(letter):
    padded = letter + b"\x80"
    return padded + b"\x00" * (-len(padded) % BLOCK)


def unpad(padded):
    text = padded.rstrip(b"\x00")
    if not text.endswith(b"\x80") or len(padded) - len(text) + 1 > BLOCK:
        raise SealError("the padding is wrong")
    return text[:-1]


def make(header, letter, recipients, signing_key_id, signing_secret, content_key=None, nonce=None):
    """Signs a header and seals a letter (b"" for none). recipients: (address, key id, public key).

    Returns the Seal and the body."""
    seal = Seal(signing_key_id)
    body = b""
    if letter:
        content_key = content_key or sodium.randombytes(32)
        nonce = nonce or sodium.randombytes(24)
        padded = pad(letter)
        seal.padded_size = len(padded)
        seal.stanzas = [Stanza(address, key_id) for address, key_id, _ in recipients]
        h = header_hash(seal, header)
        for stanza, (_, _, public) in zip(seal.stanzas, recipients):
            stanza.sealed_key = SealedBox(PublicKey(public)).encrypt(content_key)
        seal.commitment = commitment(content_key, h)
        body = nonce + sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(
            padded, h, nonce, encryption_key(content_key, h))
    seal.signature = sign(signed_text(seal, header, body), signing_secret)
    return seal, body


def part_count(padded_size):
    return -(-(padded_size + START_SIZE) // (PART_SIZE - OVERHEAD))


def seal_parts(padded, key, h, start):
    """The parts of suite 2. Both ends of a stream derive one state from `start`, so that pull may begin it."""
    state = sodium.crypto_secretstream_xchacha20poly1305_state()
    sodium.crypto_secretstream_xchacha20poly1305_init_pull(state, start, key)
    parts, room = [], PART_SIZE - OVERHEAD - START_SIZE
    while padded:
        chunk, padded = padded[:room], padded[room:]
        tag = (sodium.crypto_secretstream_xchacha20poly1305_TAG_MESSAGE if padded else
               sodium.crypto_secretstream_xchacha20poly1305_TAG_FINAL)
        part = sodium.crypto_secretstream_xchacha20poly1305_push(state, chunk, h, tag)
        parts.append(part if parts else start + part)
        room = PART_SIZE - OVERHEAD
    return parts


def make_parts(header, letter, recipients, signing_key_id, signing_secret, content_key=None, start=None):
    """Seals a letter by suite 2. Returns the Seal and the parts."""
    content_key = content_key or sodium.randombytes(32)
    padded = pad(letter)
    seal = Seal(signing_key_id, suite=2, padded_size=len(padded),
                stanzas=[Stanza(address, key_id) for address, key_id, _ in recipients])
    h = header_hash(seal, header)
    for stanza, (_, _, public) in zip(seal.stanzas, recipients):
        stanza.sealed_key = SealedBox(PublicKey(public)).encrypt(content_key)
    seal.commitment = commitment(content_key, h, 2)
    parts = seal_parts(padded, encryption_key(content_key, h, 2), h, start or sodium.randombytes(START_SIZE))
    seal.signature = sign(signed_text(seal, header, digest(parts)), signing_secret)
    return seal, parts


def sign(text, signing_secret):
    return sodium.crypto_sign(text, signing_secret)[:64]


def verify(seal, header, body, signing_public):
    """Raises SealError unless signature, header, stanzas and body belong together."""
    if seal.suite != 1:
        raise SealError("unknown suite")
    if bool(seal.stanzas) != bool(seal.commitment) or bool(seal.stanzas) != bool(body):
        raise SealError("letter, stanzas and body do not fit together")
    if body and (seal.padded_size % BLOCK or len(body) != 24 + seal.padded_size + 16):
        raise SealError("padded size and body do not fit together")
    if not body and seal.padded_size:
        raise SealError("a padded size without a letter")
    try:
        sodium.crypto_sign_open(seal.signature + signed_text(seal, header, body), signing_public)
    except CryptoError as error:
        raise SealError("the signature does not fit") from error


def verify_parts(seal, header, parts, signing_public):
    """Raises SealError unless signature, header, stanzas and all parts belong together."""
    count = part_count(seal.padded_size)
    if seal.suite != 2 or not seal.stanzas or seal.padded_size % BLOCK or not 2 <= count <= 128:
        raise SealError("not a seal of a letter in parts")
    if len(parts) != count or sum(map(len, parts)) != START_SIZE + seal.padded_size + OVERHEAD * count:
        raise SealError("padded size and parts do not fit together")
    try:
        sodium.crypto_sign_open(seal.signature + signed_text(seal, header, digest(parts)), signing_public)
    except CryptoError as error:
        raise SealError("the signature does not fit") from error


def open_key(seal, header, address, seal_secret):
    """H and the letter's key for `address`."""
    stanza = next((s for s in seal.stanzas if s.address == address), None)
    if stanza is None:
        raise SealError("not sealed for " + address)
    try:
        content_key = SealedBox(PrivateKey(seal_secret)).decrypt(stanza.sealed_key)
    except CryptoError as error:
        raise SealError("sealed with another key") from error
    h = header_hash(seal, header)
    if commitment(content_key, h, seal.suite) != seal.commitment:
        raise SealError("the content key is not the one that was committed to")
    return h, encryption_key(content_key, h, seal.suite)


def open_parts(seal, header, parts, address, seal_secret):
    """The plaintext for `address`; call verify_parts() first."""
    h, key = open_key(seal, header, address, seal_secret)
    state = sodium.crypto_secretstream_xchacha20poly1305_state()
    sodium.crypto_secretstream_xchacha20poly1305_init_pull(state, parts[0][:START_SIZE], key)
    padded = b""
    for index, part in enumerate(parts):
        try:
            chunk, tag = sodium.crypto_secretstream_xchacha20poly1305_pull(
                state, part if index else part[START_SIZE:], h)
        except (CryptoError, RuntimeError) as error:
            raise SealError("a part does not decrypt") from error
        final = tag == sodium.crypto_secretstream_xchacha20poly1305_TAG_FINAL
        if final != (index + 1 == len(parts)):
            raise SealError("the last part is not the last")
        padded += chunk
    return unpad(padded)


def open_letter(seal, header, body, address, seal_secret):
    """The plaintext for `address`; call verify() first."""
    h, key = open_key(seal, header, address, seal_secret)
    try:
        padded = sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(body[24:], h, body[:24], key)
    except CryptoError as error:
        raise SealError("the body does not decrypt") from error
    return unpad(padded)


def sign_directory(content, region_secret):
    return sign(b"scharnier.v1.directory" + blake2b(content), region_secret)


def verify_directory(content, signature, region_public):
    try:
        sodium.crypto_sign_open(signature + b"scharnier.v1.directory" + blake2b(content), region_public)
    except CryptoError as error:
        raise SealError("the directory is not the region's") from error
