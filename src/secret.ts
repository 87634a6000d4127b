/**
 * A value that cannot be printed. Every rendering a program reaches for by accident (`String()`, template literals,
 * `JSON.stringify`, Node's inspect, pino) gives `[secret]`; `reveal()` is the one deliberate way out, so that a reader
 * can search for it.
 */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** The plain text. Call it at the moment of use, never to store it in another object. */
  reveal(): string {
    return this.#value
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }

  // Node's inspect looks for this registered symbol; written out so that no `node:` import is needed here.
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '[secret]'
  }
}
