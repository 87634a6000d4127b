/** What a call costs of GitHub's secondary limits (docs.github.com: "Rate limits for the REST API", "Calculating points"). */
export interface Cost {
  /** A GET or a query 1; a POST, PATCH, PUT or DELETE, and a request with mutations however many, 5. */
  readonly points: number
  /**
   * Comments, check runs, Deployments, statuses and reactions that it makes. GitHub speaks of "content-generating requests" and does not
   * say what a request counts that makes several; so each counts here.
   */
  readonly creates: number
}

/** Who goes first where not all can: what ends in trouble, what ends, what shows for the first time, what a comment says already, a reaction, progress, what nobody asked for. Reads have points of their own. */
export type Urgency = 'read' | 'failure' | 'end' | 'first' | 'rest' | 'reaction' | 'progress' | 'unasked'

const READ = 1
const WRITE = 5
const CREATING = /\b(?:addComment|addReaction|createCheckRun|createDeploymentStatus|createDeployment)\s*\(/g

/** By the call itself, so that nobody has to say it, and nobody can forget to. */
export function costOf(route: string, params: Readonly<Record<string, unknown>>): Cost {
  if (route !== 'POST /graphql')
    return route.startsWith('GET ') ? { points: READ, creates: 0 } : { points: WRITE, creates: route.startsWith('POST ') ? 1 : 0 }
  const document = String(params['query'])
  return isMutation(document) ? { points: WRITE, creates: document.match(CREATING)?.length ?? 0 } : { points: READ, creates: 0 }
}

/** Of a call that has no place (`budget.ts`), because it did not have to wait for one. */
export function urgencyOf(route: string, cost: Cost): Urgency {
  if (cost.points === READ) return 'read'
  return route.endsWith('/reactions') ? 'reaction' : 'first'
}

/** The points of one write and of so many: for a place. */
export const writes = (requests: number, creates: number): Cost => ({ points: WRITE * requests, creates })

const isMutation = (document: string): boolean => /^\s*mutation\b/.test(document)
