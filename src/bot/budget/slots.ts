/** So many at once; the others wait for one of them to end, the lowest rank first, among equals the first. */
export class Slots {
  #free: number
  #waiting: { readonly rank: number; readonly enter: () => void }[] = []

  constructor(count: number) {
    this.#free = count
  }

  async enter(rank: number): Promise<void> {
    if (this.#free > 0) {
      this.#free -= 1
      return
    }
    await new Promise<void>((enter) => {
      const behind = this.#waiting.findIndex((other) => other.rank > rank)
      this.#waiting.splice(behind === -1 ? this.#waiting.length : behind, 0, { rank, enter })
    })
  }

  /** Hands the slot on. */
  leave(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#free += 1
    else next.enter()
  }
}
