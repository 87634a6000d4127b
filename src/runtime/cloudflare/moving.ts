import { createHash } from 'node:crypto'
import { Failure, type Problem } from '../../errors.ts'
import { readAuditMac } from '../../store/audit-key.ts'
import { macUnder } from '../../store/audit.ts'
import { instanceId } from '../../store/instance.ts'
import { generationIn } from '../../store/backup/restored.ts'
import { chainsOf, linesOf } from '../../store/moving/leaving.ts'
import { isOperators, OPERATORS, partName, type Part } from '../../store/moving/parts.ts'
import { receivePart, type Received } from '../../store/moving/receiving.ts'
import { bodyOf, chunksOfBody, sealPart } from '../../store/moving/sealed-part.ts'
import type { Sql } from '../../store/sql.ts'
import { localKeys } from '../../store/vault/local-keys.ts'
import { createVault } from '../../store/vault.ts'
import { entropy, newId } from '../entropy.ts'
import { hmac } from '../mac.ts'
import { createOperatorDoor, type Parts } from '../operator-door.ts'
import { accountAt, OPERATOR, repositoryAt, type Bindings } from './bindings.ts'
import type { Configured } from './configured.ts'
import type { DurableSql } from './durable-sql.ts'

/** What an object gives out and takes in where an installation moves: its part, sealed under the keys of `GANTRY_KEYS`. */

type Keys = Pick<Configured, 'settings'>

/** `sql`: with the operator's rows, whose key the audit logs have. */
export async function readPart(sql: DurableSql, part: Part, { settings: { keys } }: Keys, now: number): Promise<ReadableStream<Uint8Array>> {
  const source = localKeys(keys, entropy)
  const mac = await readAuditMac(createVault(sql, source, entropy), hmac)
  const audit = chainsOf(sql, [mac, macUnder(hmac, null)])
  const lines = linesOf(sql, { part, from: 'object', generation: generationIn(sql), audit, nonce: newId() })
  return bodyOf(sealPart(source, entropy, { part: partName(part), instance: instanceId(sql, newId), madeAt: now }, lines))
}

/** As `Parts.write`: what goes wrong is an answer, because a `Failure` does not come through RPC as one. The object has to begin anew after it. */
export async function takePart(
  sql: DurableSql,
  part: Part,
  stream: ReadableStream<Uint8Array>,
  instead: boolean,
  { settings: { keys } }: Keys,
  now: number,
): Promise<Received | { readonly problem: Problem }> {
  const source = localKeys(keys, entropy)
  const macOf = (vault: Sql) => readAuditMac(createVault(isOperators(part) ? vault : sql, source, entropy), hmac)
  const instance = isOperators(part) ? null : instanceId(sql, newId)
  try {
    return await receivePart(sql, part, chunksOfBody(stream), { source, instance, now, nonce: newId(), instead, mac: macOf })
  } catch (error) {
    if (error instanceof Failure) return { problem: error.problem }
    throw error
  }
}

/** `/operator/parts`, for whoever signs with the keys: `gantry move`, and `gantry backup --from`. */
export const operatorDoor = ({ settings: { keys } }: Configured, env: Bindings, now: () => number): ((request: Request) => Promise<Response>) =>
  createOperatorDoor({ keys, now, hash: () => createHash('sha256'), parts: partsIn(env) })

export const partsIn = (env: Bindings): Parts => ({
  list: async () => {
    const accounts = await accountAt(env, OPERATOR).enrolled()
    const repositories = await Promise.all([OPERATOR, ...accounts].map((id) => accountAt(env, id).repositories()))
    const all = (kind: Part['kind'], ids: readonly number[]): Part[] => [...new Set(ids)].toSorted((a, b) => a - b).map((id) => ({ kind, id }))
    return [OPERATORS, ...all('account', accounts), ...all('repository', repositories.flat())]
  },
  read: ({ kind, id }) => (kind === 'account' ? accountAt(env, id).readPart(id) : repositoryAt(env, id).readPart()),
  write: ({ kind, id }, stream, instead) => (kind === 'account' ? accountAt(env, id) : repositoryAt(env, id)).writePart(id, stream, instead),
})
