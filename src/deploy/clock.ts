/** Time as the engine sees it: handed in, so that a test can say `time.passes('10 minutes')`. */
export interface Clock {
  /** Wall-clock time in milliseconds since 1970. */
  now(): number
  /** Runs `work` once after `ms` milliseconds; the returned function takes it back. */
  after(ms: number, work: () => void): () => void
}
