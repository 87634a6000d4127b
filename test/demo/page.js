// The page is whole without this script; with it, what changes is replaced where it stands.

const composer = document.getElementById('composer')
const text = document.getElementById('text')
const complaint = document.getElementById('complaint')
const said = document.getElementById('said')
const main = document.querySelector('main')
let isOwn = false

const events = new EventSource('/events')
events.addEventListener('message', ({ data }) => {
  const { regions, said: words } = JSON.parse(data)
  const isFollowing = isOwn || main.getBoundingClientRect().bottom < innerHeight + 150
  const isChanged = regions.map(patch).includes(true)
  if (isChanged && isFollowing) main.scrollIntoView({ block: 'end', behavior: 'instant' })
  if (isChanged) isOwn = false
  if (said.textContent !== words) said.textContent = words
})

/** Whether something looks different now. */
function patch({ id, into, html }) {
  const template = document.createElement('template')
  template.innerHTML = html
  const next = template.content.firstElementChild
  const old = document.getElementById(id)
  if (old === null) {
    document.getElementById(into).append(next)
    return true
  }
  if (old.outerHTML === next.outerHTML) return false
  keepOpen(old, next)
  const focused = old.contains(document.activeElement) ? document.activeElement.id : ''
  next.classList.add('changed')
  old.replaceWith(next)
  if (focused !== '') document.getElementById(focused)?.focus()
  return true
}

/** What somebody has unfolded stays unfolded. */
function keepOpen(old, next) {
  const all = (element) => [element, ...element.querySelectorAll('details')].filter(({ localName }) => localName === 'details')
  const key = ({ dataset, className }) => dataset.key ?? className.replace('changed', '').trim()
  const open = new Set(all(old).flatMap((one) => (one.open ? [key(one)] : [])))
  for (const one of all(next)) one.open = open.has(key(one))
}

for (const button of document.querySelectorAll('[data-text]')) {
  button.addEventListener('click', () => {
    text.value = button.dataset.text
    text.focus()
  })
}

text.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) composer.requestSubmit(composer.querySelector('.primary'))
})

document.addEventListener('submit', async (event) => {
  event.preventDefault()
  const { target: form, submitter } = event
  isOwn = form === composer
  const action = submitter?.getAttribute('formaction') ?? form.getAttribute('action')
  const answer = await fetch(action, { method: 'POST', headers: { 'x-live': '1' }, body: new URLSearchParams(new FormData(form, submitter)) })
  complaint.textContent = answer.ok ? '' : await answer.text()
  if (answer.ok && action === '/comment') text.value = ''
})
