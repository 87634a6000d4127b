import type { Secret } from '../secret.ts'
import type { Settings } from '../settings.ts'
import { Needles } from './needles.ts'

/**
 * Takes secrets out of text before it reaches a sink: those it was told of, in every usual encoding, and what looks like one. What an
 * account declares by itself is hidden in what that account sees: nobody blanks other people's words by calling them a secret.
 */
export interface Redactor {
  /**
   * From now on this value does not appear. False where it may appear after all, because hiding it would hide ordinary words:
   * values under 6 characters, and names that everybody uses. `account`: whose own it is; nobody's but the operator's without it.
   */
  register(secret: string, account?: number | null): boolean
  /** It is worth nothing any more, and there would be ever more of its kind. Registered more than once, it is hidden until the last one forgets it. */
  forget(secret: string, account?: number | null): void
  /** `account`: whose text it is, if anybody's. */
  clean(text: string, account?: number | null): string
  /** For the operator's log, which may be about anybody: of what accounts declare only what cannot be a word, and only where it is there whole. */
  cleanLogged(text: string): string
}

const MASK = '[secret]'
const SHORTEST = 6
/** So many characters, so many different ones, and a piece of 12 with capitals, small letters and digits: that is no word, name, digest or id. */
const [SHORTEST_UNLIKELY, DIFFERENT] = [20, 10]
const COMMON = new Set(
  'access admin administrator changeme container default deploy deployment docker gantry github latest main manifest master password production registry release secret staging success username'.split(
    ' ',
  ),
)

// Our own API tokens; GitHub's tokens (`ghs_` ones are about 520 characters with dots since 2026-04, those of older Enterprise Servers begin with `v1.`),
// JWTs, JSON in base64 (Docker's `X-Registry-Auth`), what follows `Basic` or `Bearer`, PEM blocks (JSON-escaped too), AWS key ids,
// passwords in URLs. None may begin again within what another one has gone through in vain: a long text would take hours.
const PATTERNS: readonly [RegExp, string][] = [
  [/\bgantry_[0-9a-z]{1,11}_[0-9a-z]{10}_[0-9a-z]{20,}(?:_[0-9a-f]+)?/g, MASK],
  [/\bgh[opusr]_[A-Za-z0-9._-]{20,}/g, MASK],
  [/\bv1\.[0-9a-f]{40}\b/g, MASK],
  [/\bgithub_pat_\w{20,}/g, MASK],
  [/\beyJ[\w-]{10,1000}\.[\w-]{10,}(?:\.[\w-]+)?/g, MASK],
  [/\beyJ[\w+/-]{40,}={0,2}/g, MASK],
  [/\b(basic|bearer) (?=[a-z+/=._~-]*\d)[\w+/=.~-]{12,}/gi, `$1 ${MASK}`],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[^]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, MASK],
  [/\bAKIA[A-Z0-9]{16}\b/g, MASK],
  [/\b([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/@"'\\]+@/gi, `$1${MASK}@`],
]

/** What the settings hold that must not appear. */
export function secretsOf({ app, keys }: Settings): readonly Secret[] {
  const ofApp = app === null ? [] : [app.privateKey, ...app.webhookSecrets, ...(app.oauth === null ? [] : [app.oauth.clientSecret])]
  return [...ofApp, ...keys.map(({ key }) => key)]
}

/** Hides a secret until the returned function is called; called again it does nothing. */
export function hiding(redactor: Redactor, secret: string, account: number | null = null): () => void {
  let isHidden = redactor.register(secret, account)
  return () => {
    if (isHidden) redactor.forget(secret, account)
    isHidden = false
  }
}

export function createRedactor(): Redactor {
  const everywhere = new Known()
  const accounts = new Map<number, Known>()
  // In one set: every line of the log is looked through.
  const logged = new Known(isUnlikely)
  const setOf = (account: number): Known => {
    const set = accounts.get(account) ?? new Known()
    accounts.set(account, set)
    return set
  }
  const setsOf = (account: number | null): readonly Known[] => (account === null ? [everywhere] : [setOf(account), logged])
  const forAll = (text: string): string =>
    PATTERNS.reduce((result, [pattern, mask]) => result.replace(pattern, mask), everywhere.needles.hide(text, { mask: MASK, hides: 'pieces' }))
  return {
    register(secret, account = null) {
      if (secret.length < SHORTEST || COMMON.has(secret.toLowerCase())) return false
      const forms = setsOf(account).some((set) => !set.has(secret)) ? formsOf(secret) : []
      for (const set of setsOf(account)) set.add(secret, forms)
      return true
    },
    forget(secret, account = null) {
      for (const set of setsOf(account)) set.remove(secret)
    },
    clean(text, account = null) {
      // An account's come last: what the operator has is found before anybody can have put a mask into its middle.
      const own = account === null ? undefined : accounts.get(account)
      return own === undefined ? forAll(text) : own.needles.hide(forAll(text), { mask: MASK, hides: 'pieces' })
    },
    cleanLogged: (text) => logged.needles.hide(forAll(text), { mask: MASK, hides: 'whole' }),
  }
}

/** Secrets, and how often each was registered. */
class Known {
  readonly needles = new Needles()
  readonly #secrets = new Map<string, { readonly forms: readonly string[]; registered: number }>()
  readonly #takes: (form: string) => boolean

  /** `takes`: which of their forms are looked for. */
  constructor(takes: (form: string) => boolean = () => true) {
    this.#takes = takes
  }

  has(secret: string): boolean {
    return this.#secrets.has(secret)
  }

  add(secret: string, all: readonly string[]): void {
    const known = this.#secrets.get(secret)
    if (known !== undefined) return void (known.registered += 1)
    const forms = [...new Set(all)].filter((form) => form.length >= SHORTEST && this.#takes(form))
    this.#secrets.set(secret, { forms, registered: 1 })
    this.needles.add(secret, forms)
  }

  remove(secret: string): void {
    const known = this.#secrets.get(secret)
    if (known === undefined || (known.registered -= 1) > 0) return
    this.#secrets.delete(secret)
    this.needles.remove(secret, known.forms)
  }
}

function isUnlikely(text: string): boolean {
  const pieces = text.match(/[A-Za-z0-9]{12,}/g) ?? []
  const isMixed = pieces.some((piece) => /[A-Z]/.test(piece) && /[a-z]/.test(piece) && /\d/.test(piece))
  return isMixed && text.length >= SHORTEST_UNLIKELY && new Set(text).size >= DIFFERENT
}

function formsOf(secret: string): string[] {
  // The first one is how the whole of it begins.
  const lines = secret
    .split(/\r?\n/)
    .slice(1)
    .filter((line) => line.length >= 16)
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
