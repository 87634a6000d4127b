// @ts-check
/**
 * Keeps a page up to date that is whole without it. What the server shows has `data-live` and an id: it is asked for anew and put in
 * place where it is another, so that there is one place that makes the page. Nothing here knows what a deployment is.
 */

const LOST = 'The connection to Gantry is lost. Trying again…'
const BACK_OFF = [1_000, 2_000, 5_000, 10_000]
const connection = document.getElementById('connection')

/** @param {string} words */
function tell(words) {
  if (connection !== null && connection.textContent !== words) connection.textContent = words
}

/** Whoever types, or has a list of choices open, is not disturbed. */
const isBusy = () => {
  const active = document.activeElement
  return active instanceof HTMLInputElement || active instanceof HTMLTextAreaElement || active instanceof HTMLSelectElement
}

let asking = false
let isAskedAgain = false
/** Nothing more is asked: whoever looks has to load the page again. */
let isOver = false
let failed = 0
let again = 0

/**
 * Asks for this page, and shows what is another. One question at a time, the last of several that came meanwhile; where there is no answer one
 * timer asks again, later and later, and not before the server wants to be asked.
 */
async function refresh() {
  if (isOver) return
  clearTimeout(again)
  if (asking) {
    isAskedAgain = true
    return
  }
  asking = true
  try {
    const answer = await fetch(location.href, { headers: { accept: 'text/html' }, credentials: 'same-origin' })
    const ending = ENDINGS.get(answer.status)
    if (ending !== undefined) {
      isOver = true
      return tell(ending)
    }
    if (!answer.ok) return later(Number(answer.headers.get('retry-after') ?? '0') * 1_000)
    replace(new DOMParser().parseFromString(await answer.text(), 'text/html'))
    failed = 0
    tell('')
  } catch {
    later(0)
  } finally {
    asking = false
    if (isAskedAgain && failed === 0) {
      isAskedAgain = false
      void refresh()
    }
  }
}

const ENDINGS = new Map([
  [401, 'You are not signed in any more. Load the page again to sign in.'],
  [404, 'This is not there any more, or not for you. Load the page again.'],
])

/** @param {number} least */
function later(least) {
  tell(LOST)
  const wait = BACK_OFF[Math.min(failed, BACK_OFF.length - 1)] ?? 1_000
  failed += 1
  isAskedAgain = false
  clearTimeout(again)
  again = setTimeout(refresh, Math.max(wait, least))
}

/** What each section said when the server made it, by its id: what has been changed here since does not count. @type {Map<string, string>} */
const said = new Map()

/** Without what is another each time, though it says the same: how long ago something was, and what makes a form good for once. @param {Element} section */
function essence(section) {
  const copy = /** @type {Element} */ (section.cloneNode(true))
  for (const one of copy.querySelectorAll('time[data-ago], [data-since]')) one.textContent = ''
  for (const one of copy.querySelectorAll('input[name=nonce]')) one.removeAttribute('value')
  return copy.outerHTML
}

/** Whoever reads, marks a text or is about to press something in a section that is as it was keeps it. @param {Document} next */
function replace(next) {
  const ids = (/** @type {Document} */ page) => [...page.querySelectorAll('[data-live]')].map(({ id }) => id).join()
  if (ids(document) !== ids(next)) return replaceAll(next)
  for (const old of document.querySelectorAll('[data-live]')) {
    const found = next.getElementById(old.id)
    if (found === null || said.get(old.id) === essence(found)) continue
    if (isBusy() && old.contains(document.activeElement)) continue
    const open = [...old.querySelectorAll('details[open][id]')].map(({ id }) => id)
    const focused = old.contains(document.activeElement) ? place(document.activeElement) : null
    const before = old.querySelector('h1')?.textContent
    said.set(old.id, essence(found))
    old.replaceWith(document.adoptNode(found))
    for (const id of open) document.getElementById(id)?.setAttribute('open', '')
    if (focused !== null) find(found, focused)?.focus()
    const says = found.querySelector('h1')?.textContent
    const region = document.getElementById('said')
    if (region !== null && says && says !== before) region.textContent = says.replace(/\s+/g, ' ').trim()
  }
  if (next.title !== '') document.title = next.title
  document.body.dataset['refresh'] = next.body.dataset['refresh'] ?? '0'
  settle()
}

/** Sections have come or gone: nothing of a page that is another may stay and be pressed. @param {Document} next */
function replaceAll(next) {
  const [old, main] = [document.querySelector('main'), next.querySelector('main')]
  if (old === null || main === null || isBusy()) return
  old.replaceWith(document.adoptNode(main))
  said.clear()
  for (const one of document.querySelectorAll('[data-live]')) said.set(one.id, essence(one))
  if (next.title !== '') document.title = next.title
  settle()
}

/** @param {Element | null} one */
const place = (one) => (one === null ? null : { tag: one.tagName, text: one.textContent, to: one.getAttribute('href') })
/** @param {Element} inside @param {NonNullable<ReturnType<typeof place>>} wanted */
const find = (inside, { tag, text, to }) =>
  /** @type {HTMLElement | undefined} */ (
    [...inside.querySelectorAll(tag)].find((one) => one.textContent === text && one.getAttribute('href') === to)
  )

/** Events of a deployment: lines of the log are added as they come, of everything else only that there is something. */
function follow() {
  const box = document.getElementById('follow')
  const url = box?.dataset['events']
  if (url === undefined) return
  let from = box?.dataset['from'] ?? ''
  let failures = 0
  /** @type {EventSource | null} */
  let source = null
  let timer = 0

  const begin = () => {
    source?.close()
    source = new EventSource(`${url}?from=${encodeURIComponent(from)}`)
    source.addEventListener('open', () => {
      failures = 0
      tell('')
    })
    for (const name of ['step', 'log', 'state']) source.addEventListener(name, (event) => came(name, event))
    source.addEventListener('error', () => {
      // The browser's own way gives up where a proxy answers 502 in between, and asks from where this page began.
      source?.close()
      if (isOver) return
      // Also where the events are refused, which a browser does not tell from a connection that is lost: the page itself says why.
      if (failures > 0) void refresh()
      const wait = BACK_OFF[Math.min(failures, BACK_OFF.length - 1)] ?? 1_000
      failures += 1
      if (failures > 1) tell(LOST)
      clearTimeout(timer)
      timer = setTimeout(begin, wait)
    })
  }
  /** @param {string} name @param {MessageEvent} event */
  const came = (name, event) => {
    if (event.lastEventId !== '') from = event.lastEventId
    const said = JSON.parse(event.data)
    if (name === 'log') return addLine(said.line)
    void refresh()
    if (name !== 'state' || !said.isFinal) return
    source?.close()
    clearTimeout(timer)
    // GitHub is told last: the links to its comment and check run come then.
    for (const wait of [2_000, 6_000]) setTimeout(refresh, wait)
  }
  addEventListener('pagehide', () => source?.close())
  addEventListener('pageshow', ({ persisted }) => persisted && begin())
  addEventListener('online', begin)
  begin()
}

/** @param {string} line */
function addLine(line) {
  const log = document.getElementById('log')
  if (log === null) return
  const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40
  log.append(`${line}\n`)
  if (isAtEnd) log.scrollTop = log.scrollHeight
}

/** What the server cannot do: positions, and what changes with the clock alone. */
function settle() {
  const now = Date.now()
  for (const one of document.querySelectorAll('time[data-ago]')) {
    const words = ago(now - Date.parse(one.getAttribute('datetime') ?? ''))
    if (one.textContent !== words) one.textContent = words
  }
  for (const one of document.querySelectorAll('[data-since]'))
    one.textContent = seconds(now - Number(/** @type {HTMLElement} */ (one).dataset['since']))
  for (const one of document.querySelectorAll('[data-left]')) one.textContent = left(/** @type {HTMLElement} */ (one), now)
  for (const bar of document.querySelectorAll('progress[data-expected]')) move(/** @type {HTMLProgressElement} */ (bar), now)
}

/** @param {HTMLElement} one @param {number} now */
function left(one, now) {
  one.dataset['here'] ??= String(now)
  const ms = Number(one.dataset['left']) - (now - Number(one.dataset['here']))
  return ms > 500 ? `About ${seconds(ms)} left.` : 'It should be over any moment.'
}

/** From where the server saw it, at the pace of earlier ones, and never to the end: that is for the server to say. @param {HTMLProgressElement} bar @param {number} now */
function move(bar, now) {
  bar.dataset['from'] ??= String(bar.value)
  bar.dataset['here'] ??= String(now)
  const from = Number(bar.dataset['from'])
  const passed = (now - Number(bar.dataset['here'])) / Number(bar.dataset['expected'])
  bar.value = Math.min(0.97, Math.max(from, from + passed * 0.9))
}

/** The same words as the server's. @param {number} ms */
function ago(ms) {
  if (ms < 0) return `in ${span(-ms)}`
  return ms < 10_000 ? 'just now' : `${span(ms)} ago`
}

/** @param {number} ms */
function span(ms) {
  const [s = 0, min = 0, h = 0, days = 0] = [ms / 1000, ms / 60_000, ms / 3_600_000, ms / 86_400_000].map(Math.round)
  if (s < 60) return `${s} s`
  if (min < 60) return `${min} min`
  return h < 48 ? `${h} h` : `${days} days`
}

/** The same words as the server's. @param {number} ms */
function seconds(ms) {
  if (ms < 950) return `${(Math.max(0, Math.round(ms / 100)) / 10).toFixed(1)} s`
  const whole = Math.round(ms / 1000)
  if (whole < 60) return `${whole} s`
  return whole < 3600 ? `${Math.floor(whole / 60)} min ${whole % 60} s` : `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
}

/** A button that was pressed says so, and cannot be pressed twice. Coming back to the page makes it new. */
function busyButtons() {
  /** @type {Map<HTMLElement, string>} */
  const pressed = new Map()
  /** @param {HTMLElement} one */
  const busy = (one) => {
    const words = one.dataset['busy']
    if (words === undefined || pressed.has(one)) return
    pressed.set(one, one.innerHTML)
    one.textContent = words
    one.setAttribute('aria-busy', 'true')
    one.setAttribute('aria-disabled', 'true')
  }
  document.addEventListener('submit', (event) => {
    const button = event.submitter
    if (button === null) return
    if (button.getAttribute('aria-busy') === 'true') return event.preventDefault()
    // Not before the browser has taken what the form holds.
    setTimeout(() => busy(button))
  })
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest('a[data-busy]') : null
    if (link !== null && !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0) busy(/** @type {HTMLElement} */ (link))
  })
  addEventListener('pageshow', () => {
    for (const [one, inner] of pressed) {
      one.innerHTML = inner
      one.removeAttribute('aria-busy')
      one.removeAttribute('aria-disabled')
    }
    pressed.clear()
  })
}

/** How often is the page's own word, and another one once there is more or less to see. */
function keepUpToDate() {
  const every = () => Number(document.body.dataset['refresh'] ?? '0') * 1000
  const isSeen = () => document.visibilityState === 'visible'
  let last = Date.now()
  const ask = () => {
    last = Date.now()
    void refresh()
  }
  setInterval(() => every() > 0 && Date.now() - last >= every() && failed === 0 && isSeen() && !isBusy() && ask(), 1_000)
  document.addEventListener('visibilitychange', () => isSeen() && every() > 0 && ask())
}

for (const one of document.querySelectorAll('[data-live]')) said.set(one.id, essence(one))
settle()
setInterval(settle, 1_000)
busyButtons()
keepUpToDate()
follow()
