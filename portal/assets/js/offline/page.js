// Checks codes without a network: everything it needs came with the page.
import jsQR from 'jsqr'
import { isSet, readSnapshot } from './snapshot.js'
import { Refused, readToken } from './token.js'

const data = JSON.parse(document.getElementById('data').textContent)
const { texts, posts } = data
const element = (id) => document.getElementById(id)
let keys = data.keys
let snapshot
let turn = Promise.resolve()

// One thing after the other: a code is judged by every list that was chosen before it, however fast somebody is.
function inTurn(act) {
  const mine = turn.then(act)
  turn = mine.catch(() => {})
  return mine
}

async function take(text) {
  const taken = await readSnapshot(text, keys)
  if (snapshot && taken.taken < snapshot.taken) throw new RangeError('older')
  snapshot = taken
  keys = { ...keys, ...taken.keys }
  showAge()
}

function showAge() {
  const minutes = Math.max(0, Math.round((Date.now() - snapshot.taken) / 60_000))
  const [unit, count] = minutes < 120 ? ['minutes', minutes]
    : minutes < 2880 ? ['hours', Math.round(minutes / 60)] : ['days', Math.round(minutes / 1440)]
  const moment = snapshot.taken.toLocaleString(document.documentElement.lang, { timeZone: 'Asia/Shanghai' })
  element('age').textContent = texts.age.replace('{moment}', moment).replace('{age}', texts[unit].replace('{count}', count))
}

// The day in Shanghai, since certificates are issued on a day there.
const dayOf = (moment) => new Date(moment.getTime() + 8 * 3_600_000).toISOString().slice(0, 10)

async function verdict(facts) {
  const [revoked, suspended] = await Promise.all(
    ['revocation', 'suspension'].map((purpose) => isSet(snapshot, purpose, facts.page, facts.index)),
  )
  if (revoked) return 'revoked'
  if (suspended) return 'suspended'
  return revoked === undefined || facts.issuedOn > dayOf(snapshot.taken) ? 'newer' : 'good'
}

function check(text) {
  element('answer').hidden = true // it was about another code
  return inTurn(() => judge(text))
}

async function judge(text) {
  if (!snapshot) throw new Error('The page came without a snapshot.')
  try {
    const facts = await readToken(text, keys)
    show(await verdict(facts), facts)
  } catch (error) {
    if (!(error instanceof Refused) && !(error instanceof TypeError)) throw error
    show(error.message === 'key' ? 'unknownKey' : 'refused')
  }
}

function show(state, facts) {
  const [title, text] = texts[state]
  element('verdict').textContent = title
  element('meaning').textContent = text
  element('facts').replaceChildren(...(facts ? rows(facts) : []))
  element('answer').dataset.state = state
  element('answer').hidden = false
  element('verdict').focus()
}

function rows({ number, holder, post, issuedOn, version }) {
  const shown = {
    number: number.replace(/(\w)(?=(\w{4})+$)/g, '$1 '), holder, post: `${posts[post] ?? ''} ${post}`, issued: issuedOn, version,
  }
  return Object.entries(shown).flatMap(([name, value]) => {
    const term = document.createElement('dt')
    const description = document.createElement('dd')
    term.textContent = texts[name]
    description.textContent = value
    return [term, description]
  })
}

// The text of the code in a picture or in a frame of the camera, or undefined.
function decode(source, width, height) {
  const canvas = document.createElement('canvas')
  const scale = Math.min(1, 1600 / Math.max(width, height))
  canvas.width = Math.round(width * scale)
  canvas.height = Math.round(height * scale)
  const context = canvas.getContext('2d', { willReadFrequently: true })
  context.drawImage(source, 0, 0, canvas.width, canvas.height)
  const { data: pixels } = context.getImageData(0, 0, canvas.width, canvas.height)
  return jsQR(pixels, canvas.width, canvas.height)?.data
}

async function scanPicture(file) {
  element('answer').hidden = true
  const picture = await createImageBitmap(file).catch(() => null)
  const text = picture && decode(picture, picture.width, picture.height)
  return text ? check(text) : show('unreadable')
}

async function scanCamera() {
  const video = element('video')
  try {
    video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } })
  } catch {
    element('camera-problem').hidden = false
    return
  }
  video.hidden = false
  await video.play()
  const detector = 'BarcodeDetector' in window ? new BarcodeDetector({ formats: ['qr_code'] }) : null
  const look = async () => {
    const found = detector
      ? (await detector.detect(video).catch(() => []))[0]?.rawValue
      : decode(video, video.videoWidth, video.videoHeight)
    if (!found) return setTimeout(look, 150)
    for (const track of video.srcObject.getTracks()) track.stop()
    video.hidden = true
    return check(found)
  }
  await look()
}

async function loadSnapshot(file) {
  const problem = element('snapshot-problem')
  problem.textContent = ''
  try {
    await take(await file.text())
  } catch (error) {
    problem.textContent = error instanceof RangeError ? texts.snapshotOlder : texts.snapshotRefused
  }
}

function start() {
  if (!window.crypto?.subtle || !('DecompressionStream' in window)) {
    element('old-browser').hidden = false
    return
  }
  inTurn(() => take(data.snapshot))
  element('scan').addEventListener('click', scanCamera)
  element('picture').addEventListener('change', ({ target }) => target.files[0] && scanPicture(target.files[0]))
  element('snapshot').addEventListener('change', ({ target }) => target.files[0] && inTurn(() => loadSnapshot(target.files[0])))
  element('paste').addEventListener('submit', (event) => {
    event.preventDefault()
    check(element('token').value)
  })
  setInterval(showAge, 60_000)
  if (location.protocol.startsWith('http')) navigator.serviceWorker?.register('worker.js').catch(() => {})
}

start()
