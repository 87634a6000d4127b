/**
 * The one encoder for text that others wrote (names, tags, log lines, error messages): whatever goes in, no mention, link,
 * image, reference, HTML or list comes out. Foreign text only ever stands in code spans and fences that are longer than its own
 * runs of backticks, because GitHub resolves nothing inside those.
 */

const LONGEST_SPAN = 200
const LONGEST_LINE = 300

/** A code span. What cannot be seen (controls, bidirectional marks, zero-width characters) is spelled out: `\u202e`. */
export function code(text: string, longest = LONGEST_SPAN): string {
  const shown = visible(shorten(text, longest))
  if (shown === '') return '`(empty)`'
  const fence = '`'.repeat(longestRun(shown) + 1)
  // CommonMark 6.1: one space on either side is taken off again, where there is one on both sides.
  const padding = /^`|`$/.test(shown) || (/^ .* $/.test(shown) && shown.trim() !== '') ? ' ' : ''
  return `${fence}${padding}${shown}${padding}${fence}`
}

/** A fenced block of lines, each bounded. */
export function fenced(lines: readonly string[]): string {
  const shown = lines.map((line) => visible(shorten(line.replaceAll('\t', '  '), LONGEST_LINE)))
  const fence = '`'.repeat(Math.max(3, longestRun(shown.join('\n')) + 1))
  return [`${fence}text`, ...shown, fence].join('\n')
}

/**
 * A sentence that may hold foreign names, for the middle of a line: plain words stay as they are, everything that GitHub might
 * make something of (`.github/deploy.yml`, `#1`, `@team`, `www.`…) becomes a code span.
 */
export function prose(text: string, longest = 600): string {
  return shorten(text, longest)
    .split(COMMAND)
    .map((part, index) => (index % 2 === 1 ? code(part) : part.split(/ +/).map(word).join(' ')))
    .join('')
}

// A command in quotation marks is one span, so that it can be copied whole. Between spaces, because two spans that touch are none.
const COMMAND = /(?<=^| )"(\/[a-z][^"]*)"(?=[.,:;!?]*(?: |$))/

/** A link that we vouch for, or the words alone where the address is no plain http(s) one. `words` must be our own. */
export function link(words: string, address: string): string {
  const href = plainAddress(address)
  return href === null ? words : `[${words}](<${href.replace(/[<>\\\s`]/g, encodeURIComponent)}>)`
}

/** An http(s) address in its normal form; null for any other, and for one with a password in it. */
export function plainAddress(address: string): string | null {
  const url = URL.parse(address)
  return url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '' ? url.href : null
}

/** A login as GitHub allows them notifies its owner; anything else is foreign text. */
export const mention = (login: string): string => (/^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/.test(login) ? `@${login}` : code(login))

const HIDDEN = /[^\P{C}]|[\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0]/gu

const visible = (text: string): string => text.replace(HIDDEN, (hidden) => `\\u${(hidden.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`)

/** Cut at a whole character: half of a surrogate pair is shown as two escapes otherwise. */
function shorten(text: string, longest: number): string {
  if (text.length <= longest) return text
  return `${text.slice(0, longest - 1).replace(/[\ud800-\udbff]$/, '')}…`
}

const longestRun = (text: string): number => Math.max(0, ...(text.match(/`+/g) ?? []).map(({ length }) => length))

const AROUND = /^([("]*)(.*?)([)".,:;!?…]*)$/s
// Letters with inner hyphens and apostrophes, or a short number: nothing that GitHub links. Hexadecimal words may be commits.
const PLAIN = /^(?:[A-Za-z]+|[A-Za-z]?[a-z]+(?:[-'][a-z]+)*|[0-9]{1,6})$/
const LINKED = /^(?:[0-9a-f]{7,40}|gh-?|ghsa|cve|ghsa-.*|cve-.*)$/i

function word(token: string): string {
  const [, before = '', core = '', after = ''] = AROUND.exec(token) ?? []
  if (core === '') return token === '' || /^[.,:;!?…)"]+$/.test(token) ? token : code(token)
  if (PLAIN.test(core) && !LINKED.test(core)) return token
  // A code span needs no quotation marks around it.
  return before.endsWith('"') && after.startsWith('"') ? `${before.slice(0, -1)}${code(core)}${after.slice(1)}` : `${before}${code(core)}${after}`
}
