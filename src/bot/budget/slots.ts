/** So many at once; the others wait for one of them to end, in order of arrival, but those who are let through are next. */
export class Slots {
  #free: number
  #waiting: (() => void)[] = []

  constructor(count: number) {
    this.#free = count
  }

  async enter(isLetThrough: boolean): Promise<void> {
    if (this.#free > 0) this.#free -= 1
    else await new Promise<void>((enter) => void (isLetThrough ? this.#waiting.unshift(enter) : this.#waiting.push(enter)))
  }

  /** Hands the slot on. */
  leave(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#free += 1
    else next()
  }
}
