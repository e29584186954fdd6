// The signed snapshot: every status list (W3C Bitstring Status List) and every key, as of one moment.
import { Refused, base64urlBytes, isSigned } from './token.js'

const TYPE = 'status-snapshot+jwt'
const json = (part) => JSON.parse(new TextDecoder().decode(base64urlBytes(part)))

// Throws Refused unless one of the keys signed it. A snapshot may bring newer keys along.
export async function readSnapshot(text, keys) {
  const [head, body, signature] = text.trim().split('.')
  if (!signature) throw new Refused('format')
  const { alg, typ, kid } = json(head)
  if (alg !== 'ES256' || typ !== TYPE || !Object.hasOwn(keys, kid)) throw new Refused('header')
  const signed = new TextEncoder().encode(`${head}.${body}`)
  if (!(await isSigned(base64urlBytes(signature), signed, keys[kid]))) throw new Refused('signature')
  const { iat, lists, keys: newer } = json(body)
  return { taken: new Date(iat * 1000), lists, keys: Object.fromEntries(newer.map((jwk) => [jwk.kid, jwk])) }
}

// true, false, or undefined when the list did not exist yet.
export async function isSet(snapshot, purpose, page, index) {
  const encoded = snapshot.lists[`${purpose}-${page}`]
  if (encoded === undefined) return undefined
  if (!encoded.startsWith('u')) throw new Refused('list')
  const unpacked = new Blob([base64urlBytes(encoded.slice(1))]).stream().pipeThrough(new DecompressionStream('gzip'))
  const bits = new Uint8Array(await new Response(unpacked).arrayBuffer())
  return Boolean(bits[index >> 3] & (0x80 >> (index & 7)))
}
