// The token of a QR symbol: bytes, text and signature as docs/verification.md describes them.
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ$*+-:'
const SIGNATURE_BYTES = 64
const KEY_END = 5
const REST_BYTES = 11
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
  if (bytes.length <= KEY_END + REST_BYTES + SIGNATURE_BYTES) throw new Refused('format')
  const body = bytes.slice(0, -SIGNATURE_BYTES)
  const signature = bytes.slice(-SIGNATURE_BYTES)
  const known = Object.keys(keys).filter((kid) => base64urlBytes(kid).slice(0, 4).every((byte, at) => byte === body[at + 1]))
  for (const kid of known) if (await isSigned(signature, body, keys[kid])) return facts(body)
  throw new Refused(known.length ? 'signature' : 'key')
}

const integer = (bytes) => bytes.reduce((value, byte) => value * 256n + BigInt(byte), 0n)

// The number, and where it ends: sixteen digits in seven bytes, or its length and digits of base 36.
function numberIn(body) {
  if (body[0] === 1) return [String(integer(body.slice(KEY_END, 12))).padStart(16, '0'), 12]
  if (body[0] !== 2) throw new Refused('format')
  const length = body[KEY_END]
  const end = KEY_END + 1 + Math.ceil((36n ** BigInt(length) - 1n).toString(2).length / 8)
  let value = integer(body.slice(KEY_END + 1, end))
  let number = ''
  for (let place = 0; place < length; place += 1, value /= 36n) number = ALPHABET[value % 36n] + number
  return [number, end]
}

function facts(body) {
  const [number, end] = numberIn(body)
  if (body.length <= end + REST_BYTES) throw new Refused('format')
  const rest = body.slice(end)
  const view = new DataView(rest.buffer)
  return {
    number,
    version: view.getUint16(0),
    issuedOn: new Date(Date.UTC(2000, 0, 1) + view.getUint16(2) * DAY).toISOString().slice(0, 10),
    post: String(view.getUint16(4)).padStart(3, '0'),
    page: view.getUint16(6),
    index: rest[8] * 0x10000 + view.getUint16(9),
    holder: new TextDecoder('utf-8', { fatal: true }).decode(rest.slice(REST_BYTES)),
  }
}
