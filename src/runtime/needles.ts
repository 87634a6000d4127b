interface Needle {
  readonly text: string
  /** Whose form it is. */
  readonly secret: string
}

/** So much of a secret's beginning is hidden too: a foreign text may have been cut in the middle of one. */
const SHORTEST_PART = 12
/** Characters of needles that are held against one text. What would take longer is not looked at. */
const MOST_COMPARED = 32_000_000

/** How a text is looked through. */
export interface Looking {
  readonly mask: string
  /** `pieces`: a beginning is hidden too, and so is the rest where there is too much to compare. `whole`: neither. */
  readonly hides: 'pieces' | 'whole'
}

/**
 * Secrets in all their forms, found by their beginnings. Of a piece as much is hidden as of the longest that begins so, however far it agrees:
 * otherwise whoever knows a secret's beginning (a PEM file's) would find its next character by trying, and the one after that.
 */
export class Needles {
  readonly #heads = new Map<string, Needle[]>()
  /** How many needles begin with so many characters: the lengths of `#heads`. */
  readonly #lengths = new Map<number, number>()
  /** How many needles begin with these two characters, whatever else shares their place: most of a text is passed over by that. */
  readonly #pairs = new Uint32Array(1 << 16)

  add(secret: string, forms: readonly string[]): void {
    for (const text of forms) {
      const head = this.#count(text, 1)
      this.#heads.set(head, [...(this.#heads.get(head) ?? []), { text, secret }])
    }
  }

  remove(secret: string, forms: readonly string[]): void {
    for (const text of forms) {
      const head = this.#count(text, -1)
      const left = (this.#heads.get(head) ?? []).filter((one) => one.secret !== secret || one.text !== text)
      if (left.length === 0) this.#heads.delete(head)
      else this.#heads.set(head, left)
    }
  }

  #count(text: string, change: 1 | -1): string {
    const head = text.slice(0, SHORTEST_PART)
    const length = (this.#lengths.get(head.length) ?? 0) + change
    if (length === 0) this.#lengths.delete(head.length)
    else this.#lengths.set(head.length, length)
    const pair = pairAt(head, 0)
    this.#pairs[pair] = (this.#pairs[pair] ?? 0) + change
    return head
  }

  hide(text: string, { mask, hides }: Looking): string {
    // The longest first: it says more of what stands there.
    const lengths = [...this.#lengths.keys()].toSorted((a, b) => b - a)
    let [shown, hiddenTo, wholeTo, compared] = ['', 0, 0, 0]
    for (let at = 0; lengths.length > 0 && at < text.length; at += 1) {
      const head = this.#pairs[pairAt(text, at)] === 0 ? undefined : this.#headAt(text, at, lengths)
      if (head === undefined) continue
      const its = this.#heads.get(head) ?? []
      // Counted whether they agree or not: where it ends would tell how far.
      for (const needle of its) compared += needle.text.length
      if (compared > MOST_COMPARED) return hides === 'whole' ? shown + text.slice(hiddenTo) : shown + text.slice(hiddenTo, at) + mask
      const whole = its.filter((needle) => text.startsWith(needle.text, at))
      if (whole.length === 0 && (hides === 'whole' || at + head.length <= wholeTo)) continue
      const end = at + longest(hides === 'whole' ? whole : withPieces(its, whole))
      if (whole.length > 0) wholeTo = Math.max(wholeTo, end)
      // Where two overlap, both are hidden.
      if (at >= hiddenTo) shown += text.slice(hiddenTo, at) + mask
      hiddenTo = Math.max(hiddenTo, end)
    }
    return shown + text.slice(hiddenTo)
  }

  #headAt(text: string, at: number, lengths: readonly number[]): string | undefined {
    for (const length of lengths) {
      const head = text.slice(at, at + length)
      if (this.#heads.has(head)) return head
    }
    return undefined
  }
}

/** What is there whole ends where it ends; what another secret has behind the same beginning may be there too, cut off. */
function withPieces(its: readonly Needle[], whole: readonly Needle[]): readonly Needle[] {
  const there = new Set(whole.map(({ secret }) => secret))
  return its.filter((needle) => !there.has(needle.secret) || whole.includes(needle))
}

const longest = (needles: readonly Needle[]): number => needles.reduce((most, { text }) => Math.max(most, text.length), 0)

const pairAt = (text: string, at: number): number => (text.charCodeAt(at) * 257 + text.charCodeAt(at + 1)) & 0xffff
