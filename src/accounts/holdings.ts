import { credentialsAmong, withKept } from '../config/declarations.ts'
import { NO_OPERATOR, type Keychains, type Operator } from '../config/operator.ts'
import { withSecrets } from '../config/operator-schema.ts'
import type { ShownDeclaration } from '../deploy/administration.ts'
import { declarationKey, isOwn, type Declaration, type DeclarationName, type Kept } from '../deploy/declaration.ts'
import type { TargetKind } from '../deploy/target.ts'
import type { Declarations } from '../store/declarations.ts'
import { targetKinds } from '../targets/index.ts'
import { usable } from './confined.ts'
import type { Live } from './live.ts'
import { createReadings, credentialOf } from './readings.ts'

export const KINDS: ReadonlyMap<string, TargetKind<unknown>> = new Map(targetKinds.map((kind) => [kind.kind, kind]))

/** What one account keeps, as it stands on the disk at the moment. */
export interface Holdings {
  list(kind: DeclarationName['kind']): readonly ShownDeclaration[]
  find(which: DeclarationName): ShownDeclaration | null
  /** With its secrets; null where there is none that can be read. */
  whole(which: DeclarationName): Declaration | null
  count(kind: DeclarationName['kind']): number
  /** Characters: of the one that is meant, and of all besides. */
  sizes(which: DeclarationName): { readonly own: number; readonly others: number }
  /** Names of credentials that a target may have, besides the one that is meant. */
  credentials(which: DeclarationName): readonly string[]
  /** Whether it is a credential that no target of the account's own is handed. */
  isOperators(credential: string): boolean
  /** Names of the targets that have it. */
  targetsWith(credential: string): readonly string[]
  /** As it is used, alone; null where it is not used. */
  only(which: DeclarationName): Operator | null
  /** Uses these as they are kept, and what of the account could not be used before; and nothing that is not kept any more. */
  bring(live: Live, changed: readonly DeclarationName[]): void
}

export interface HoldingDoors {
  readonly declarations: Declarations
  readonly accounts: Operator['accounts']
  readonly keychains: Keychains
}

export function createHoldings({ declarations, accounts, keychains }: HoldingDoors, readings = createReadings()) {
  const of = async (account: number): Promise<Holdings> => {
    const kept = await declarations.of(account)
    const operator = usable(readings(account, (read) => withKept({ ...NO_OPERATOR, accounts }, kept, KINDS, keychains, read)))
    return holdingsIn(account, kept, operator, declarations)
  }
  return { of, find: async (which: DeclarationName) => (await of(which.account)).find(which) }
}

function holdingsIn(account: number, kept: readonly Kept[], operator: Operator, { fingerprint }: Pick<Declarations, 'fingerprint'>): Holdings {
  const isThat = (one: DeclarationName, { kind, name }: DeclarationName): boolean => one.kind === kind && one.name === name
  const shown = (one: Kept): ShownDeclaration => ({
    ...{ account, kind: one.kind, name: one.name, fingerprint: 'json' in one ? fingerprint(one) : 'unreadable' },
    declared: 'json' in one ? (withSecrets(JSON.parse(one.json), 'sealed', () => ({ kept: true })) as ShownDeclaration['declared']) : null,
    unused: operator.unused.find((other) => isThat(other, one))?.why ?? null,
  })
  return {
    list: (kind) => kept.filter((one) => one.kind === kind).map(shown),
    find: (which) => kept.filter((one) => isThat(one, which)).map(shown)[0] ?? null,
    whole: (which) => kept.find((one): one is Declaration => isThat(one, which) && 'json' in one) ?? null,
    count: (kind) => kept.filter((one) => one.kind === kind).length,
    sizes: (which) =>
      kept.reduce(
        ({ own, others }, one) => {
          const size = 'json' in one ? one.json.length : 0
          return isThat(one, which) ? { own: size, others } : { own, others: others + size }
        },
        { own: 0, others: 0 },
      ),
    credentials: ({ kind, name }) => credentialsAmong(kept, account).filter((one) => kind === 'target' || one !== name),
    isOperators: (credential) => kept.some((one) => one.kind === 'credential' && one.name === credential && 'json' in one && !isOwn(one)),
    targetsWith: (credential) =>
      kept.flatMap((one) => (one.kind === 'target' && 'json' in one && credentialOf(one.json) === credential ? [one.name] : [])),
    only(which) {
      const key = declarationKey(which)
      const [credential, target] = which.kind === 'credential' ? [operator.credentials.get(key), undefined] : [undefined, operator.targets.get(key)]
      if (credential === undefined && target === undefined) return null
      return {
        ...operator,
        credentials: new Map(credential === undefined ? [] : [[key, credential]]),
        targets: new Map(target === undefined ? [] : [[key, target]]),
      }
    },
    bring(live, changed) {
      const keys = (kind: DeclarationName['kind']) => new Set(changed.filter((one) => one.kind === kind).map(declarationKey))
      const targets = new Map([...live.targets].map(([key, { access }]) => [key, access]))
      const { putCredential, dropCredential, putTarget, dropTarget } = live
      bringKind(operator.credentials, live.sources, account, { changed: keys('credential'), put: putCredential, drop: dropCredential })
      bringKind(operator.targets, targets, account, { changed: keys('target'), put: putTarget, drop: dropTarget })
    },
  }
}

interface Bringing<T> {
  readonly changed: ReadonlySet<string>
  put(key: string, declared: T): void
  drop(key: string): void
}

function bringKind<T>(
  wanted: ReadonlyMap<string, T>,
  there: ReadonlyMap<string, { readonly account: number }>,
  account: number,
  { changed, put, drop }: Bringing<T>,
): void {
  for (const [key, { account: whose }] of there) if (whose === account && !wanted.has(key)) drop(key)
  for (const [key, declared] of wanted) if (changed.has(key) || !there.has(key)) put(key, declared)
}
