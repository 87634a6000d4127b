import { readKept, type ReadKept } from '../config/declarations.ts'
import { declarationKey, type Declaration } from '../deploy/declaration.ts'

/** Characters of what is kept, of all accounts together: what comes of one is several times that. */
const MOST_REMEMBERED = 8_000_000

interface Known {
  readonly json: string
  readonly isConfined: boolean | undefined
  readonly isOwn: boolean | undefined
  readonly names: string | null
  readonly read: ReturnType<ReadKept>
}
type KnownOfAccount = ReadonlyMap<string, Known>

/**
 * What was read of an account's declarations the last time is not read again while it is the same: 57,000 characters take 30 ms, and every look
 * takes all that the account keeps. What is not kept any more is forgotten with the next look.
 */
export function createReadings(read: ReadKept = readKept) {
  const accounts = new Map<Declaration['account'], KnownOfAccount>()

  function remember(account: Declaration['account'], known: KnownOfAccount): void {
    accounts.delete(account)
    accounts.set(account, known)
    let characters = [...accounts.values()].reduce((sum, its) => sum + charactersOf(its), 0)
    for (const [oldest, its] of accounts) {
      if (characters <= MOST_REMEMBERED) return
      accounts.delete(oldest)
      characters -= charactersOf(its)
    }
  }

  /** Calls `work` with a reader for what the account keeps now: all of it, and nothing else. */
  return <T>(account: Declaration['account'], work: (read: ReadKept) => T): T => {
    const [before, now] = [accounts.get(account), new Map<string, Known>()]
    const found = work((one, reading) => {
      const key = `${one.kind} ${declarationKey(one)}`
      const [known, names] = [before?.get(key), namesFor(one, reading.credentials)]
      const isSame = known?.json === one.json && known.names === names && isReadAlike(known, reading)
      const its = isSame ? known : { json: one.json, isConfined: reading.isConfined, isOwn: reading.isOwn, names, read: read(one, reading) }
      now.set(key, its)
      return its.read
    })
    remember(account, now)
    return found
  }
}

type From = Pick<Known, 'isConfined' | 'isOwn'>
const isReadAlike = (one: From, other: Partial<From>): boolean => one.isConfined === other.isConfined && one.isOwn === other.isOwn

const charactersOf = (known: KnownOfAccount): number => [...known.values()].reduce((sum, { json }) => sum + json.length, 0)

/** Which other names it rests on: a target that has its credential says nothing of the others. */
function namesFor({ kind, json }: Declaration, credentials: readonly string[]): string | null {
  const credential = kind === 'target' ? credentialOf(json) : undefined
  return typeof credential !== 'string' || credentials.includes(credential) ? null : credentials.join(' ')
}

export const credentialOf = (json: string): unknown => (JSON.parse(json) as { readonly credential?: unknown }).credential
