import {
  Button, CharacterCount, Checkboxes, ErrorSummary, FileUpload, NotificationBanner, PasswordInput, Radios,
  ServiceNavigation, SkipLink, createAll,
} from 'govuk-frontend'

import { answerWithPasskeys } from './passkeys.js'

const components = [
  Button, CharacterCount, Checkboxes, ErrorSummary, FileUpload, NotificationBanner, PasswordInput, Radios,
  ServiceNavigation, SkipLink,
]

// Shows a chosen photo at once: <input type="file" data-preview="ID"> fills the <img id="ID" hidden>.
function previewPhoto(input) {
  const image = document.getElementById(input.dataset.preview)
  const file = input.files[0]
  if (!image || !file || !file.type.startsWith('image/')) return
  const reader = new FileReader()
  reader.addEventListener('load', () => {
    image.src = reader.result
    image.hidden = false
  })
  reader.readAsDataURL(file)
}

// <input type="checkbox" data-select-all="NAME"> checks every box of that name in its form.
function selectAll(box) {
  for (const other of box.form.elements) {
    if (other.name === box.dataset.selectAll && !other.disabled) other.checked = box.checked
  }
}

document.addEventListener('change', ({ target }) => {
  if (target.dataset.preview) previewPhoto(target)
  if (target.dataset.selectAll) selectAll(target)
  if ('autosubmit' in target.dataset) target.form.requestSubmit()
})

document.addEventListener('click', ({ target }) => {
  if (target.closest('[data-print]')) window.print()
})

function start(scope) {
  for (const component of components) createAll(component, undefined, scope)
  for (const hidden of scope.querySelectorAll('[data-needs-script][hidden]')) hidden.hidden = false
}

// A scanned address ends in #TOKEN, which a browser sends to nobody: the form carries it to the comparison.
function compareToken() {
  const form = document.querySelector('form[data-token]')
  const token = location.hash.slice(1)
  if (!form || !token || token.length < 90) return
  history.replaceState(null, '', location.pathname)
  form.elements.token.value = token
  form.requestSubmit()
}

// A file dropped anywhere on the page goes into its one file field: <input type="file" data-drop>.
function acceptDrops(input) {
  const offered = ({ dataTransfer }) => dataTransfer && [...dataTransfer.types].includes('Files')
  document.addEventListener('dragover', (event) => {
    if (!offered(event)) return
    event.preventDefault()
    document.body.classList.add('app-dropping')
  })
  document.addEventListener('dragleave', ({ relatedTarget }) => {
    if (!relatedTarget) document.body.classList.remove('app-dropping')
  })
  document.addEventListener('drop', (event) => {
    if (!offered(event)) return
    event.preventDefault()
    document.body.classList.remove('app-dropping')
    input.files = event.dataTransfer.files
    input.dispatchEvent(new Event('change', { bubbles: true }))
    input.focus()
  })
}

// In a list (<table data-rows>) j and k go to the first link of the next or previous row, x ticks the row, / goes to the
// search of the page.
function walkRows(key) {
  const rows = [...document.querySelectorAll('[data-rows] tbody tr')]
  const at = rows.findIndex((row) => row.contains(document.activeElement))
  if (key === 'x') rows[at]?.querySelector('input[type="checkbox"]')?.click()
  else rows[key === 'j' ? Math.min(at + 1, rows.length - 1) : Math.max(at - 1, 0)]?.querySelector('a')?.focus()
}

// Keys without Ctrl or Alt can be turned off, for people who speak to their computer: <input type="checkbox" data-keys>.
const keysAreOff = () => localStorage.getItem('keys') === 'off'

function isShortcut({ target, ctrlKey, altKey, metaKey }) {
  const isTyping = target.closest('input:not([type="checkbox"]), textarea, select')
  return !(ctrlKey || altKey || metaKey || isTyping || keysAreOff())
}

const keysBox = document.querySelector('[data-keys]')
if (keysBox) {
  keysBox.checked = !keysAreOff()
  keysBox.addEventListener('change', () => localStorage.setItem('keys', keysBox.checked ? 'on' : 'off'))
}

document.addEventListener('keydown', (event) => {
  const { key } = event
  if (!isShortcut(event) || !document.querySelector('[data-rows]')) return
  if ('jkx'.includes(key)) walkRows(key)
  const search = key === '/' && document.querySelector('input[type="search"]')
  if (search) {
    event.preventDefault()
    search.focus()
  }
})

// <a data-key="j"> or <button data-key="a"> is reached by that key, unless somebody is typing. Links are followed, buttons
// only focused: nothing is decided by one stray key.
document.addEventListener('keydown', (event) => {
  if (!isShortcut(event)) return
  const found = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`)
  if (!found) return
  if (found.matches('a')) found.click()
  else found.focus()
})

document.body.classList.add('js-enabled', 'govuk-frontend-supported')
start(document)
// What htmx puts into the page gets the same behaviour as what came with it.
document.body.addEventListener('htmx:load', ({ detail }) => {
  if (detail.elt !== document.body) start(detail.elt)
})
compareToken()
answerWithPasskeys()
const dropField = document.querySelector('input[type="file"][data-drop]')
if (dropField) acceptDrops(dropField)
