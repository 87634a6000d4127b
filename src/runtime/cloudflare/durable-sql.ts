import type { AccountSql, RepositorySql, Row, Value } from '../../store/sql.ts'

/** One object's storage holds both kinds of rows, as one file does on Node. */
export type DurableSql = RepositorySql & AccountSql

/** Characters or bytes of one value: a row holds 2 MB (developers.cloudflare.com, "Durable Objects limits"), and workerd alone does not refuse more. */
const LONGEST = 1_900_000

const CHANGES = /^\s*(?:insert|update|delete|create|drop|alter|replace)\b/i

/**
 * `Sql` over a Durable Object's storage. `changing` is called in the turn of every change, before it: what it sets (the alarm) is on disk
 * together with the change, or neither is.
 */
export function durableSql(storage: Pick<DurableObjectStorage, 'sql' | 'transactionSync'>, changing: () => void = () => {}): DurableSql {
  let isInside = false
  const all = <R extends Row>(query: string, ...params: Value[]): R[] => {
    for (const param of params) if (isTooLong(param)) throw new RangeError(`a value of ${param.length} is longer than a row may be`)
    if (!isInside && CHANGES.test(query)) changing()
    return storage.sql
      .exec(query, ...params)
      .toArray()
      .map((row) => rowOf(row) as R)
  }
  const transaction = <T>(work: () => T): T => {
    if (isInside) throw new Error('a transaction inside a transaction')
    changing()
    isInside = true
    try {
      return storage.transactionSync(() => settled(work()))
    } finally {
      isInside = false
    }
  }
  return { all, transaction }
}

const isTooLong = (param: Value): param is string | Uint8Array =>
  param !== null && typeof param === 'object'
    ? param.length > LONGEST
    : typeof param === 'string' && param.length > LONGEST / 3 && new TextEncoder().encode(param).length > LONGEST

/** Blobs come as `ArrayBuffer`. */
const rowOf = (row: Record<string, Value | ArrayBuffer>): Row => {
  for (const name in row) {
    const value = row[name]
    if (value instanceof ArrayBuffer) row[name] = new Uint8Array(value)
  }
  return row as Row
}

/** `transactionSync` does not roll back what a promise does later, so none may come out of it. */
function settled<T>(result: T): T {
  if (typeof result === 'object' && result !== null && 'then' in result) throw new TypeError('a transaction cannot wait: its work returned a promise')
  return result
}
