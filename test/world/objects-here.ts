import { createHash } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { createOperatorDoor } from '../../src/runtime/operator-door.ts'
import { readAuditMac } from '../../src/store/audit-key.ts'
import { macUnder } from '../../src/store/audit.ts'
import { chainsOf, linesOf } from '../../src/store/moving/leaving.ts'
import { isOperators, OPERATORS, partIn, partName, type Part } from '../../src/store/moving/parts.ts'
import { receivePart } from '../../src/store/moving/receiving.ts'
import { bodyOf, chunksOfBody, sealPart } from '../../src/store/moving/sealed-part.ts'
import { localKeys } from '../../src/store/vault/local-keys.ts'
import { HMAC } from './mac.ts'
import { memoryDatabase, type MemorySql } from './memory-sql.ts'
import { randomBytes, vaultOver, type KeyPair } from './vault.ts'

/** An installation as on Workers: a database for each part, behind the operator's door. */
export class ObjectsHere {
  readonly objects = new Map<string, MemorySql>()
  readonly #key: KeyPair
  readonly #server: Server
  #nonces = 0

  private constructor(key: KeyPair) {
    this.#key = key
    const door = createOperatorDoor({
      keys: [key],
      now: () => Date.now(),
      hash: () => createHash('sha256'),
      parts: {
        list: async () => [OPERATORS, ...[...this.objects.keys()].map(partIn).filter((part) => part !== null && !isOperators(part))] as Part[],
        read: (part) => this.read(part),
        write: async (part, stream, instead) =>
          receivePart(this.at(part), part, chunksOfBody(stream), {
            ...{ source: localKeys([key], randomBytes), now: Date.now(), nonce: `w${(this.#nonces += 1)}`, instance: this.#instance(), instead },
            mac: (vault) => readAuditMac(vaultOver(isOperators(part) ? vault : this.at(OPERATORS), key), HMAC),
          }),
      },
    })
    this.#server = createServer(getRequestListener(door))
  }

  static async open(key: KeyPair): Promise<ObjectsHere> {
    const here = new ObjectsHere(key)
    await new Promise<void>((resolve) => here.#server.listen(0, '127.0.0.1', resolve))
    return here
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  at(part: Part): MemorySql {
    const found = this.objects.get(partName(part)) ?? memoryDatabase()
    this.objects.set(partName(part), found)
    return found
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
    for (const sql of this.objects.values()) sql.close()
  }

  async read(part: Part): Promise<ReadableStream<Uint8Array> | null> {
    const sql = this.objects.get(partName(part))
    if (sql === undefined) return null
    const mac = await readAuditMac(vaultOver(this.at(OPERATORS), this.#key), HMAC)
    const audit = chainsOf(sql, [mac, macUnder(HMAC, null)])
    const lines = linesOf(sql, { part, from: 'object', generation: 0, audit, nonce: `r${(this.#nonces += 1)}` })
    const about = { part: partName(part), instance: this.#instance() ?? '', madeAt: Date.now() }
    return bodyOf(sealPart(localKeys([this.#key], randomBytes), randomBytes, about, lines))
  }

  #instance(): string | null {
    return this.at(OPERATORS).all<{ id: string }>('select id from instance')[0]?.id ?? null
  }
}
