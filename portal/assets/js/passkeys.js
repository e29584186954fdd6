// <form data-passkey="get|create" data-options="…"> asks the browser for a passkey and sends what it signed.

const toBytes = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (letter) => letter.charCodeAt(0))

const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '')

function withBytes({ publicKey }) {
  const known = (credentials) => credentials?.map((each) => ({ ...each, id: toBytes(each.id) }))
  const options = { ...publicKey, challenge: toBytes(publicKey.challenge) }
  if (publicKey.user) options.user = { ...publicKey.user, id: toBytes(publicKey.user.id) }
  if (publicKey.allowCredentials) options.allowCredentials = known(publicKey.allowCredentials)
  if (publicKey.excludeCredentials) options.excludeCredentials = known(publicKey.excludeCredentials)
  return { publicKey: options }
}

function asText({ id, rawId, type, response }) {
  const parts = ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle']
  const found = parts.filter((part) => response[part]).map((part) => [part, toText(response[part])])
  return JSON.stringify({ id, rawId: toText(rawId), type, response: Object.fromEntries(found) })
}

async function answer(form) {
  const problem = form.querySelector('[data-problem]')
  problem.hidden = true
  try {
    const options = withBytes(JSON.parse(form.dataset.options))
    const field = form.querySelector('[data-answer]') ?? form.elements.credential
    field.value = asText(await navigator.credentials[form.dataset.passkey](options))
    HTMLFormElement.prototype.submit.call(form)
  } catch {
    problem.textContent = form.dataset.refused
    problem.hidden = false
  }
}

export function answerWithPasskeys() {
  for (const form of document.querySelectorAll('form[data-passkey]')) {
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      answer(form)
    })
  }
}
