import type { Secret } from '../secret.ts'
import type { Settings } from '../settings.ts'

/** Takes secrets out of text before it reaches a sink: those it was told of, in every usual encoding, and what looks like one. */
export interface Redactor {
  /**
   * From now on this value does not appear. False where it may appear after all, because hiding it would hide ordinary words:
   * values under 6 characters, and names that everybody uses.
   */
  register(secret: string): boolean
  /** It is worth nothing any more, and there would be ever more of its kind. Registered more than once, it is hidden until the last one forgets it. */
  forget(secret: string): void
  clean(text: string): string
}

const MASK = '[secret]'
const SHORTEST = 6
/** So much of a secret's beginning is hidden too: a foreign text may have been cut in the middle of one. */
const SHORTEST_PART = 12
const COMMON = new Set(
  'access admin administrator changeme container default deploy deployment docker gantry github latest main manifest master password production registry release secret staging success username'.split(
    ' ',
  ),
)

// Our own API tokens; GitHub's tokens (`ghs_` ones are about 520 characters with dots since 2026-04, those of older Enterprise Servers begin with `v1.`),
// JWTs, JSON in base64 (Docker's `X-Registry-Auth`), what follows `Basic` or `Bearer`, PEM blocks (JSON-escaped too), AWS key ids,
// passwords in URLs.
const PATTERNS: readonly [RegExp, string][] = [
  [/\bgantry_[0-9a-z]{1,11}_[0-9a-z]{10}_[0-9a-z]{20,}(?:_[0-9a-f]+)?/g, MASK],
  [/\bgh[opusr]_[A-Za-z0-9._-]{20,}/g, MASK],
  [/\bv1\.[0-9a-f]{40}\b/g, MASK],
  [/\bgithub_pat_\w{20,}/g, MASK],
  [/\beyJ[\w-]{10,}\.[\w-]{10,}(?:\.[\w-]+)?/g, MASK],
  [/\beyJ[\w+/-]{40,}={0,2}/g, MASK],
  [/\b(basic|bearer) (?=[a-z+/=._~-]*\d)[\w+/=.~-]{12,}/gi, `$1 ${MASK}`],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[^]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, MASK],
  [/\bAKIA[A-Z0-9]{16}\b/g, MASK],
  [/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@"'\\]+@/gi, `$1${MASK}@`],
]

/** What the settings hold that must not appear. */
export function secretsOf({ app, keys }: Settings): readonly Secret[] {
  const ofApp = app === null ? [] : [app.privateKey, ...app.webhookSecrets, ...(app.oauth === null ? [] : [app.oauth.clientSecret])]
  return [...ofApp, ...keys.map(({ key }) => key)]
}

/** Hides a secret until the returned function is called; called again it does nothing. */
export function hiding(redactor: Redactor, secret: string): () => void {
  let isHidden = redactor.register(secret)
  return () => {
    if (isHidden) redactor.forget(secret)
    isHidden = false
  }
}

export function createRedactor(): Redactor {
  const secrets = new Map<string, { readonly forms: readonly string[]; registered: number }>()
  let hideKnown = lookingFor([])
  const learn = (): void => void (hideKnown = lookingFor([...new Set([...secrets.values()].flatMap(({ forms }) => forms))]))
  return {
    register(secret) {
      if (secret.length < SHORTEST || COMMON.has(secret.toLowerCase())) return false
      const known = secrets.get(secret)
      if (known !== undefined) {
        known.registered += 1
        return true
      }
      const forms = formsOf(secret).filter((form) => form.length >= SHORTEST)
      secrets.set(secret, { forms, registered: 1 })
      learn()
      return true
    },
    forget(secret) {
      const known = secrets.get(secret)
      if (known === undefined) return
      known.registered -= 1
      if (known.registered > 0) return
      secrets.delete(secret)
      learn()
    },
    clean: (text) => PATTERNS.reduce((result, [pattern, mask]) => result.replace(pattern, mask), hideKnown(text)),
  }
}

/** Found by their beginnings, then as far as any of them goes on: the whole of it, or so much as is there. */
function lookingFor(needles: readonly string[]): (text: string) => string {
  // An expression without alternatives would be found everywhere.
  if (needles.length === 0) return (text) => text
  const heads = new Map<string, string[]>()
  for (const needle of needles) {
    const head = needle.slice(0, SHORTEST_PART)
    heads.set(head, [...(heads.get(head) ?? []), needle])
  }
  // The longest first: where one beginning is another's beginning too, the regular expression takes what comes first.
  const longestFirst = [...heads.keys()].toSorted((a, b) => b.length - a.length)
  const beginning = new RegExp(longestFirst.map((head) => RegExp.escape(head)).join('|'), 'g')
  return (text) => {
    let [shown, hiddenTo] = ['', 0]
    beginning.lastIndex = 0
    for (let match = beginning.exec(text); match !== null; match = beginning.exec(text)) {
      const at = match.index
      const end = at + Math.max(...(heads.get(match[0]) ?? []).map((needle) => shared(needle, text, at)))
      // Where two overlap, both are hidden.
      if (at >= hiddenTo) shown += text.slice(hiddenTo, at) + MASK
      hiddenTo = Math.max(hiddenTo, end)
      beginning.lastIndex = at + 1
    }
    return shown + text.slice(hiddenTo)
  }
}

/** How many characters of the needle stand there. */
function shared(needle: string, text: string, at: number): number {
  let length = 0
  while (length < needle.length && text[at + length] === needle[length]) length += 1
  return length
}

function formsOf(secret: string): string[] {
  const lines = secret.includes('\n') ? secret.split(/\r?\n/).filter((line) => line.length >= 16) : []
  const json = JSON.stringify(secret).slice(1, -1)
  // As Go writes JSON, and as others write it in ASCII.
  const escaped = [json, json.replace(/[<>&]/g, unicode), json.replace(/[\u0080-\uffff]/g, unicode), JSON.stringify(json).slice(1, -1)]
  const coded = [...base64Of(secret), ...(json === secret ? [] : base64Of(json))]
  const inUrl = [encodeURIComponent(secret), new URLSearchParams([['', secret]]).toString().slice(1), ...coded.map(encodeURIComponent)]
  const inHtml = [escapeHtml(secret, HTML), escapeHtml(secret, HTML_IN_GO)]
  const inHex = [Buffer.from(secret).toString('hex'), ...inUrl, ...escaped].flatMap((form) => [
    form,
    withHex(form, 'toLowerCase'),
    withHex(form, 'toUpperCase'),
  ])
  return [secret, ...lines, ...inHtml, ...inHex, ...coded]
}

/** `%2f` and `%2F`, `\u00e4` and `\u00E4`, a whole text of digits. */
const withHex = (text: string, letters: 'toLowerCase' | 'toUpperCase'): string =>
  text.replace(/%[0-9a-f]{2}|(?<=\\u)[0-9a-f]{4}|^[0-9a-f]+$/gi, (digits) => digits[letters]())

function base64Of(text: string): string[] {
  const bytes = Buffer.from(text)
  return [0, 1, 2].flatMap((offset) => [base64At(bytes, offset, 'base64'), base64At(bytes, offset, 'base64url')])
}

/** The characters of a longer base64 text that only these bytes decide, when they stand `offset` bytes after a multiple of three. */
function base64At(bytes: Buffer, offset: number, encoding: 'base64' | 'base64url'): string {
  const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString(encoding)
  return text.slice(Math.ceil((offset * 4) / 3), Math.floor(((offset + bytes.length) * 4) / 3))
}

const unicode = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

const HTML: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const HTML_IN_GO: Record<string, string> = { ...HTML, '"': '&#34;' }
const escapeHtml = (text: string, entities: Record<string, string>): string => text.replace(/[&<>"']/g, (character) => entities[character]!)
