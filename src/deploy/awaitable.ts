/** What a port that may be somewhere else answers: at once where it is rows of this process's own database. Whoever asks awaits it. */
export type Awaitable<T> = T | Promise<T>

/** The same port where it answers at once. What is a promise everywhere stays one. */
export type Synchronous<Port> = {
  readonly [Name in keyof Port]: Port[Name] extends (...asked: infer Asked) => infer Answer ? (...asked: Asked) => AtOnce<Answer> : Port[Name]
}

type AtOnce<Answer> = [Exclude<Answer, Promise<unknown>>] extends [never] ? Answer : Exclude<Answer, Promise<unknown>>
