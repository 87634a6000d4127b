import type { Delivery } from '../../deploy/journal.ts'
import { repositoryOfDeployment, type Home } from './bindings.ts'

/** Which object something is for: decided by the Worker, before any object is touched. Nothing here is a right: the object itself asks who may. */

export type Place =
  | { readonly at: 'operator' }
  | { readonly at: 'account'; readonly id: number }
  | { readonly at: 'repository'; readonly id: number }
  | { readonly at: 'account called'; readonly login: string }
  | { readonly at: 'repository called'; readonly owner: string; readonly name: string }
  /** `POST /deploy`: the body names the repository. */
  | { readonly at: 'repository in the body' }

const OPERATOR: Place = { at: 'operator' }
const SESSION = /(?:^|;\s*)__Host-gantry=([0-9a-z]{1,11})\./

/** Of a page or a call of the API. Whoever shows nothing that says who they are is sent to sign in by the operator's object, whatever they name. */
export function placeOf(request: Pick<Request, 'method' | 'url' | 'headers'>): Place {
  const { pathname, searchParams } = new URL(request.url)
  const [, person] = SESSION.exec(request.headers.get('cookie') ?? '') ?? []
  if (person === undefined && !request.headers.has('authorization')) return OPERATOR
  const [, first, ...rest] = pathname.split('/').map(decoded)
  const [second, third] = rest
  if (first === 'r' && second && third) return { at: 'repository called', owner: second, name: third }
  if (first === 'd' && second) return ofDeployment(second)
  if ((first === 'a' || first === 'config') && second) return { at: 'account called', login: second }
  if (first === 'deployments') return called(searchParams.get('repository'))
  if (first === 'deploy') {
    if (second === 'status') return ofDeployment(third ?? '')
    return second === undefined || second === 'validate' ? { at: 'repository in the body' } : ofDeployment(second)
  }
  return person === undefined || pathname.startsWith('/login') ? OPERATOR : { at: 'account', id: Number.parseInt(person, 36) }
}

/** `owner/name`, as bodies and queries have it. */
export function called(repository: unknown): Place {
  const [owner, name, ...more] = typeof repository === 'string' ? repository.split('/') : []
  return owner && name && more.length === 0 ? { at: 'repository called', owner, name } : OPERATOR
}

function ofDeployment(id: string): Place {
  const repository = repositoryOfDeployment(id)
  return repository === null ? OPERATOR : { at: 'repository', id: repository }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

/** Where a delivery belongs, by what is stored of it (bot/intake.ts); null for what is about an installation as a whole. */
export function homeIn({ key, payload }: Pick<Delivery, 'key' | 'payload'>): Home | null {
  const [kind, repository] = key.split(':')
  if (kind === 'g') return null
  const read = JSON.parse(payload) as Readonly<Record<string, { readonly repository?: Placed } & Placed>>
  const placed = read['repository'] ?? read['happening']?.repository ?? read['push']?.repository ?? read['published']?.repository
  const account = placed?.owner?.id ?? placed?.account
  return account === undefined ? null : { repository: Number(repository), account }
}

/** As webhooks have a repository, and as the engine has it. */
interface Placed {
  readonly account?: number
  readonly owner?: { readonly id?: number }
}
