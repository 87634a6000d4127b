import type { Sql } from '../sql.ts'

/**
 * A database as parts: what one repository has, what one account has, and as account 0 what the operator has and what names neither. On
 * Workers each is in an object of its own; on Node one database has them all.
 */
export interface Part {
  readonly kind: 'repository' | 'account'
  /** GitHub's id. */
  readonly id: number
}

/** Goes first: the key of every audit log is in its vault. */
export const OPERATORS: Part = { kind: 'account', id: 0 }

/** `repository-1296269` */
export const partName = ({ kind, id }: Part): string => `${kind}-${id}`

export const isOperators = ({ kind, id }: Part): boolean => kind === 'account' && id === 0

/** Null where it is no part's name. */
export function partIn(name: string): Part | null {
  const [, kind, id] = /^(repository|account)-(0|[1-9]\d{0,14})$/.exec(name) ?? []
  if (kind === undefined || (kind === 'repository' && id === '0')) return null
  return { kind: kind as Part['kind'], id: Number(id) }
}

export interface Table {
  readonly name: string
  readonly of: Part['kind']
  /** Its rows in a whole database that belong to `?1`, in the order in which they are written again. */
  readonly inWhole: string
  /** The same in an object of their own; what an object keeps of others' (their sealed rows) is not its part. */
  readonly inObject: string
}

/** Of a key that begins with what it is and the repository: `c:42:1001`. An installation's (`g:`) is no repository's. */
const keyed = (column: string): string =>
  `case when substr(${column}, 2, 1) = ':' and substr(${column}, 1, 1) <> 'g' then cast(substr(${column}, 3) as integer) else 0 end`

/** Of a name that says whose it is behind an `@`; the operator's own says nothing. */
const named = (column: string): string =>
  `case when instr(${column}, '@') > 0 then cast(substr(${column}, instr(${column}, '@') + 1) as integer) else 0 end`

const owned = (of: Part['kind'], name: string, owner: string, order: string): Table => ({
  ...{ name, of, inWhole: `select * from ${name} where ${owner} = ?1 order by ${order}`, inObject: `select * from ${name} order by ${order}` },
})

const ofDeployment = (name: string, order: string): Table => ({
  ...{ name, of: 'repository', inObject: `select * from ${name} order by deployment, ${order}` },
  inWhole: `select t.* from deployment d cross join ${name} t on t.deployment = d.sequence where d.repository = ?1 order by t.deployment, t.${order}`,
})

/** By a deployment's id, or by a key that names the repository. */
const announced = (name: string, order: string): Table => ({
  ...{ name, of: 'repository', inObject: `select * from ${name} order by ${order}` },
  inWhole: `select * from ${name} where key in (select id from deployment where repository = ?1)
    or (${keyed('key')} = ?1 and key not in (select id from deployment)) order by ${order}`,
})

/** Others' sealed rows may lie beside them, so that an object's are looked for as a whole database's are. */
const vaulted = (name: string, order: string): Table => {
  const select = `select * from ${name} where account = ?1 order by ${order}`
  return { name, of: 'account', inWhole: select, inObject: select }
}

const checks = 'select * from vault_key_check where kek in (select kek from vault_key where account = ?1) or ?1 = 0 order by kek'

/** The operator's alone, in each of its places. */
const operators = (name: string): Table => {
  const select = `select * from ${name} where ?1 = 0`
  return { name, of: 'account', inWhole: select, inObject: select }
}

/**
 * In the order in which they can be written. Not among them, because it begins anew or is asked for again: sessions, what was taken from limits
 * (a minute), what was spent at GitHub (an hour); and the registries' tokens in the vault, which `dropKeptTokens` takes out.
 */
export const TABLES: readonly Table[] = [
  owned('repository', 'deployment', 'repository', 'sequence'),
  ofDeployment('step', 'n'),
  ofDeployment('log_line', 'n'),
  ofDeployment('approval', 'person'),
  {
    ...owned('repository', 'environment', 'cast(key as integer)', 'key'),
    inWhole: `select * from environment where cast(key as integer) = ?1 or key = '*' order by key`,
  },
  owned('repository', 'drift', 'cast(environment as integer)', 'environment'),
  owned('repository', 'lock', 'repository', 'id'),
  owned('repository', 'head', 'repository', 'pull'),
  owned('repository', 'told_limit', 'repository', 'person'),
  owned('repository', 'delivery', keyed('key'), 'sequence'),
  owned('repository', 'answer', keyed('key'), 'key'),
  announced('announcement', 'sequence'),
  announced('said', 'key, surface'),
  owned('repository', 'spent_token', 'cast(id as integer)', 'id'),
  owned('repository', 'repository_audit', 'repository', 'number'),
  operators('instance'),
  operators('caught_up'),
  owned('account', 'workload_claim', named('target'), 'target, workload'),
  owned('account', 'renewal', named('credential'), 'credential'),
  { name: 'vault_key_check', of: 'account', inWhole: checks, inObject: checks },
  vaulted('vault_key', 'kid'),
  vaulted('vault_account', 'account'),
  vaulted('vault_inventory', 'kind, id, field'),
  vaulted('vault_record', 'kind, id, field'),
  owned('account', 'api_token', 'account', 'id'),
  owned('account', 'account_audit', 'repository', 'number'),
]

/** The operator's part has what names no repository, too. */
export const tablesOf = (part: Part): readonly Table[] => TABLES.filter(({ of }) => of === part.kind || isOperators(part))

const OWNERS: Readonly<Record<Part['kind'], readonly (readonly [owner: string, table: string])[]>> = {
  repository: [
    ...['deployment', 'lock', 'head', 'told_limit', 'repository_audit'].map((table) => ['repository', table] as const),
    ...['delivery', 'answer', 'announcement', 'said'].map((table) => [keyed('key'), table] as const),
    ...[
      ['cast(key as integer)', 'environment'] as const,
      ['cast(environment as integer)', 'drift'] as const,
      ['cast(id as integer)', 'spent_token'] as const,
    ],
  ],
  account: [
    ...['vault_key', 'vault_account', 'vault_inventory', 'vault_record', 'api_token'].map((table) => ['account', table] as const),
    ...[['repository', 'account_audit'] as const, [named('target'), 'workload_claim'] as const, [named('credential'), 'renewal'] as const],
  ],
}

/** Of a whole database, the operator's first, repositories last. */
export function partsOf(sql: Sql): readonly Part[] {
  // Not one statement: a Durable Object takes no more than five that are put together.
  const ids = (kind: Part['kind']): Part[] => {
    const found = OWNERS[kind].flatMap(([owner, table]) =>
      sql.all<{ id: number }>(`select distinct ${owner} as id from ${table}`).map(({ id }) => id),
    )
    return [...new Set(found)]
      .filter((id) => id > 0)
      .toSorted((a, b) => a - b)
      .map((id) => ({ kind, id }))
  }
  return [OPERATORS, ...ids('account'), ...ids('repository')]
}

/** For a copy of a whole database that is taken apart: without them each part would be looked for in all that there is. */
export function indexForParts(sql: Sql): void {
  for (const table of ['delivery', 'answer', 'announcement', 'said']) sql.all(`create index part_of_${table} on ${table} (${keyed('key')})`)
  sql.all('create index part_of_account_audit on account_audit (repository, number)')
}
