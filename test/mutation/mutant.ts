/** One small change to the source that some test has to notice. */
export interface Mutant {
  /** Below its suite's folder. */
  readonly file: string
  /** Stands there exactly once. */
  readonly text: string
  readonly instead: string
  /** What would be wrong then. */
  readonly breaks: string
  /** Why no test can notice it. */
  readonly survives?: string
}

/** `[text, instead, breaks, survives?]` for each. */
export const mutants = (file: string, ...rows: readonly (readonly [string, string, string, string?])[]): readonly Mutant[] =>
  rows.map(([text, instead, breaks, survives]) => ({ file, text, instead, breaks, ...(survives !== undefined && { survives }) }))
