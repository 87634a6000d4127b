import { declarationWords, type Declaration, type DeclarationName } from '../deploy/declaration.ts'

/** The secrets of what is declared while the process runs, and what keeps them out of every text. */
export interface Hidden {
  /** From now on these are hidden, until it turns out what becomes of them. `whose`: as `ownerOf` says. */
  take(secrets: readonly string[], whose: number | null): { isKept(which: DeclarationName): void; forget(): void }
  /** It is not kept any more. */
  leave(which: DeclarationName): void
}

type Forget = () => void

/** Those of before may still be on their way somewhere: of one declaration one generation, of all that were removed so many. */
const MOST_LEFT = 100

/** In whose texts its secrets are hidden: null, for what whoever has the machine has declared or let be declared, means everybody's. */
export const ownerOf = ({ account, isConfined, origin }: Whose): number | null => (isConfined === true && origin !== 'operator' ? account : null)

interface Whose extends Pick<Declaration, 'account' | 'origin'> {
  readonly isConfined?: boolean
}

export function createHidden(hide: (secret: string, whose: number | null) => Forget): Hidden {
  const kept = new Map<string, readonly (readonly Forget[])[]>()
  const left: (readonly Forget[])[] = []
  const forget = (all: readonly Forget[] = []): void => all.forEach((one) => one())
  return {
    take(secrets, whose) {
      const mine = secrets.map((secret) => hide(secret, whose))
      let isKept = false
      return {
        isKept(which) {
          isKept = true
          const [before, ...older] = kept.get(declarationWords(which)) ?? []
          kept.set(declarationWords(which), before === undefined ? [mine] : [mine, before])
          older.forEach(forget)
        },
        forget: () => (isKept ? undefined : forget(mine)),
      }
    },
    leave(which) {
      left.push(...(kept.get(declarationWords(which)) ?? []))
      kept.delete(declarationWords(which))
      while (left.length > MOST_LEFT) forget(left.shift())
    },
  }
}
