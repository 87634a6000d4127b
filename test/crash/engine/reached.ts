/** What happened in a world that must happen sometimes: each of `SOMETIMES` at least once in a thousand seeds, of `SELDOM` in ten thousand. */
export class Reached {
  readonly all = new Set<string>()

  note(what: string): void {
    this.all.add(what)
  }
}

const EVERYBODY = ['lost', 'answer lost', 'refused before', 'failed after', 'slow'] as const
const STATES = ['requested', 'gating', 'resolving', 'verifying', 'waiting', 'queued', 'applying', 'observing'] as const

/** Every kind of fault, every state to die in, every end, and every way that recovery can go. A simulation that lacks one proves less than it says. */
export const SOMETIMES: readonly string[] = [
  ...(['github', 'registry', 'target', 'probe'] as const).flatMap((party) => EVERYBODY.map((fault) => `${party}: ${fault}`)),
  ...['github: limited', 'registry: limited', 'target: late', 'target: a late request was taken', 'target: a late request was turned away'],
  ...STATES.map((state) => `died in ${state}`),
  ...['head', 'closed', 'gone', 'image', 'a command comes again', 'drift was said', 'put back', 'already running', 'success', 'cancelled'],
  ...['cancel: cancelled', 'cancel: asked', 'cancel: too late', 'cancel: ended'],
  ...['approves', 'approves: APPROVAL_NOT_ALLOWED', 'rejects', 'locks', 'locks: LOCKED', 'unlocks'],
  ...['superseded SUPERSEDED', 'unknown TARGET_MOVED', 'unknown TARGET_UNAVAILABLE'],
  ...['failure TARGET_UNHEALTHY', 'failure TARGET_RUNS_OTHER', 'failure TAG_NOT_FOUND', 'failure REGISTRY_UNAVAILABLE'],
  ...['LOCKED', 'FROZEN', 'WAIT_EXPIRED', 'ORDER_REQUIRED', 'HEAD_MOVED', 'COMMENT_CHANGED', 'APPROVAL_REJECTED', 'PERMISSION_REQUIRED'].map(
    (code) => `refused ${code}`,
  ),
]

/** Few worlds put something back, and that is soon done; those with a death at every crossing die in all of it. */
const SELDOM: readonly string[] = ['died in restoring']

/** Those that so many seeds must have reached, and did not often enough. */
export function neverReached(counts: ReadonlyMap<string, number>, seeds: number): string[] {
  const isRarer = (often: number) => (what: string) => (counts.get(what) ?? 0) < Math.floor(seeds / often)
  return [...SOMETIMES.filter(isRarer(1_000)), ...SELDOM.filter(isRarer(10_000))]
}
