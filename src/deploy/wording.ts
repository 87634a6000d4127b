/** What sentences are made of: the same in the configuration, the commands and the gates. */

const LONGEST = 80

/** A foreign text as a sentence may hold it: in double quotes, bounded, with what cannot be seen spelled out. */
export const quoted = (text: string): string => `"${visible(text)}"`

/** A foreign text, bounded, with what cannot be seen spelled out (`\u202e`). */
export function visible(text: string): string {
  const cut = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text
  return cut.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (hidden) => `\\u${(hidden.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`)
}

export const capital = (sentence: string): string => sentence.charAt(0).toUpperCase() + sentence.slice(1)

/** `staging, production and 3 more`. */
export function listed(names: Iterable<string>, most = 10): string {
  const all = [...names]
  const shown = all.slice(0, most).join(', ')
  return all.length > most ? `${shown} and ${all.length - most} more` : shown
}

/** `2026-11-23 12:00 UTC`, of milliseconds. */
export const utc = (at: number): string => `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`

/** The known name that `word` was probably meant to be: at most two edits away, and one for names of fewer than six letters. */
export function nearest(word: string, known: Iterable<string>): string | null {
  let best: { readonly name: string; readonly edits: number } | null = null
  for (const name of known) {
    const allowed = name.length < 6 ? 1 : 2
    if (Math.abs(name.length - word.length) > allowed) continue
    const edits = distance(word.toLowerCase(), name.toLowerCase())
    if (edits <= allowed && (best === null || edits < best.edits)) best = { name, edits }
  }
  return best?.name ?? null
}

/** ` Did you mean "staging"?`, or nothing. */
export function didYouMean(word: string, known: Iterable<string>): string {
  const name = nearest(word, known)
  return name === null ? '' : ` Did you mean ${quoted(name)}?`
}

/** Edits between two words, a swap of neighbours counting as one (optimal string alignment). */
export function distance(a: string, b: string): number {
  let [before, row]: [number[], number[]] = [[], Array.from({ length: b.length + 1 }, (_, index) => index)]
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      const replaced = (row[j - 1] ?? 0) + (same ? 0 : 1)
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (before[j - 2] ?? 0) + 1 : Infinity
      next.push(Math.min(replaced, swapped, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    ;[before, row] = [row, next]
  }
  return row[b.length] ?? 0
}

/** The digest's first twelve characters, as people compare them. */
export const shortDigest = (digest: string): string => digest.replace(/^([a-z0-9]+):([0-9a-f]{12})[0-9a-f]+$/, '$1:$2')

/** As git shows it; anything that is no whole commit stays as it is. */
export const shortCommit = (commit: string): string => (/^[0-9a-f]{40,64}$/.test(commit) ? commit.slice(0, 7) : commit)
