/** Takes secrets out of text before it reaches a sink: those it was told of, in every usual encoding, and what looks like one. */
export interface Redactor {
  /** From now on this value does not appear. Values under 6 characters are not registered: hiding `a` would hide everything. */
  register(secret: string): void
  clean(text: string): string
}

const MASK = '[secret]'
const SHORTEST = 6

// GitHub's tokens (`ghs_` ones are about 520 characters with dots since 2026-04), JWTs, PEM blocks (JSON-escaped too), AWS key ids, passwords in URLs.
const PATTERNS: readonly [RegExp, string][] = [
  [/\bgh[opusr]_[A-Za-z0-9._-]{20,}/g, MASK],
  [/\bgithub_pat_\w{20,}/g, MASK],
  [/\beyJ[\w-]{10,}\.[\w-]{10,}(?:\.[\w-]+)?/g, MASK],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[^]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, MASK],
  [/\bAKIA[A-Z0-9]{16}\b/g, MASK],
  [/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@"'\\]+@/gi, `$1${MASK}@`],
]

export function createRedactor(): Redactor {
  const needles = new Set<string>()
  let registered: RegExp | null = null
  return {
    register(secret) {
      for (const form of formsOf(secret)) if (form.length >= SHORTEST) needles.add(form)
      // The longest first: otherwise a part of a secret is replaced and the rest stays.
      const escaped = [...needles].toSorted((a, b) => b.length - a.length).map((needle) => RegExp.escape(needle))
      registered = needles.size > 0 ? new RegExp(escaped.join('|'), 'gi') : null
    },
    clean(text) {
      const cleaned = registered ? text.replace(registered, MASK) : text
      return PATTERNS.reduce((result, [pattern, mask]) => result.replace(pattern, mask), cleaned)
    },
  }
}

function formsOf(secret: string): string[] {
  if (secret.length < SHORTEST) return []
  const lines = secret.includes('\n') ? secret.split(/\r?\n/).filter((line) => line.length >= 16) : []
  const bytes = Buffer.from(secret)
  const encoded = [JSON.stringify(secret).slice(1, -1), JSON.stringify(JSON.stringify(secret).slice(1, -1)).slice(1, -1)]
  const inBase64 = [0, 1, 2].flatMap((offset) => [base64At(bytes, offset, 'base64'), base64At(bytes, offset, 'base64url')])
  return [secret, ...lines, ...encoded, encodeURIComponent(secret), escapeHtml(secret), bytes.toString('hex'), ...inBase64]
}

/** The characters of a longer base64 text that only these bytes decide, when they stand `offset` bytes after a multiple of three. */
function base64At(bytes: Buffer, offset: number, encoding: 'base64' | 'base64url'): string {
  const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString(encoding)
  return text.slice(Math.ceil((offset * 4) / 3), Math.floor(((offset + bytes.length) * 4) / 3))
}

const HTML: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => HTML[character]!)
