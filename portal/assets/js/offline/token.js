// The token of a QR symbol: bytes, text and signature as docs/verification.md describes them.
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ$*+-:'
const SIGNATURE_BYTES = 64
const HEAD_BYTES = 23
const DAY = 86_400_000

export class Refused extends Error {}

export function bytesOf(text) {
  const bytes = []
  for (let start = 0; start < text.length; start += 3) {
    const group = text.slice(start, start + 3)
    let value = 0
    for (const character of [...group].reverse()) {
      const digit = ALPHABET.indexOf(character)
      if (digit < 0) throw new Refused('character')
      value = value * ALPHABET.length + digit
    }
    if (group.length === 3 && value < 0x10000) bytes.push(value >> 8, value & 0xff)
    else if (group.length === 2 && value < 0x100) bytes.push(value)
    else throw new Refused('group')
  }
  return new Uint8Array(bytes)
}

export const base64urlBytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (character) => character.charCodeAt(0))

export async function isSigned(signature, data, jwk) {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  const { kty, crv, x, y } = jwk
  const key = await crypto.subtle.importKey('jwk', { kty, crv, x, y }, algorithm, false, ['verify'])
  return crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, signature, data)
}

// What a token, or an address that ends in one, says; throws Refused unless one of the keys signed it.
export async function readToken(text, keys) {
  const bytes = bytesOf(text.trim().split('#').pop())
  if (bytes.length <= HEAD_BYTES + SIGNATURE_BYTES || bytes[0] !== 1) throw new Refused('format')
  const body = bytes.slice(0, -SIGNATURE_BYTES)
  const signature = bytes.slice(-SIGNATURE_BYTES)
  const known = Object.keys(keys).filter((kid) => base64urlBytes(kid).slice(0, 4).every((byte, at) => byte === body[at + 1]))
  for (const kid of known) if (await isSigned(signature, body, keys[kid])) return facts(body)
  throw new Refused(known.length ? 'signature' : 'key')
}

function facts(body) {
  const view = new DataView(body.buffer, body.byteOffset)
  const number = body.slice(5, 12).reduce((value, byte) => value * 256n + BigInt(byte), 0n)
  return {
    number: String(number).padStart(16, '0'),
    version: view.getUint16(12),
    issuedOn: new Date(Date.UTC(2000, 0, 1) + view.getUint16(14) * DAY).toISOString().slice(0, 10),
    post: String(view.getUint16(16)).padStart(3, '0'),
    page: view.getUint16(18),
    index: body[20] * 0x10000 + view.getUint16(21),
    holder: new TextDecoder('utf-8', { fatal: true }).decode(body.slice(HEAD_BYTES)),
  }
}
