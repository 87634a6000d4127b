/** What is going to happen, in the order of its time: the only clock of a simulated world. Nothing happens between two events. */
export class Timeline {
  /** Milliseconds since 1970, as nobody's clock shows it: what a process believes may be an hour off. */
  now = Date.UTC(2026, 10, 23, 12, 0, 0)
  /** Every event so far. */
  happened = 0
  #order = 0
  readonly #coming: Coming[] = []

  /** After so many milliseconds; the returned function takes it back. */
  after(ms: number, work: () => void): () => void {
    const coming: Coming = { at: this.now + Math.max(0, ms), order: (this.#order += 1), work }
    this.#coming.push(coming)
    rise(this.#coming)
    return () => {
      coming.work = null
    }
  }

  /** The next event, if it comes before `until`; false where none does. Everything that follows from it has happened when it resolves. */
  async next(until: number): Promise<boolean> {
    for (;;) {
      const first = this.#coming[0]
      if (first === undefined || first.at > until) return false
      sink(this.#coming)
      if (first.work === null) continue
      this.now = first.at
      this.happened += 1
      first.work()
      // Promises first: an immediate comes when none of them has anything more to do.
      await new Promise(setImmediate)
      return true
    }
  }
}

interface Coming {
  readonly at: number
  readonly order: number
  work: (() => void) | null
}

const isBefore = (a: Coming, b: Coming): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)

/** The last of the heap goes up to its place. */
function rise(heap: Coming[]): void {
  let at = heap.length - 1
  while (at > 0) {
    const above = (at - 1) >> 1
    if (!isBefore(heap[at]!, heap[above]!)) return
    swap(heap, at, above)
    at = above
  }
}

/** Takes the first out of the heap. */
function sink(heap: Coming[]): void {
  swap(heap, 0, heap.length - 1)
  heap.pop()
  for (let at = 0; ;) {
    let least = at
    for (const below of [2 * at + 1, 2 * at + 2]) if (below < heap.length && isBefore(heap[below]!, heap[least]!)) least = below
    if (least === at) return
    swap(heap, at, least)
    at = least
  }
}

function swap(heap: Coming[], one: number, other: number): void {
  const kept = heap[one]!
  heap[one] = heap[other]!
  heap[other] = kept
}
