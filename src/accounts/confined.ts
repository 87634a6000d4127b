import type { DeclaredCredential, Operator, TargetDeclaration } from '../config/operator.ts'
import type { Unreadable } from '../deploy/declaration.ts'
import type { Doors as TargetDoors, TargetKind } from '../deploy/target.ts'
import { Failure, problem, type Problem } from '../errors.ts'
import { isReserved } from '../registry/address.ts'
import type { Doors as RegistryDoors } from '../registry/doors.ts'
import { codeOf, RESERVED_ADDRESS } from '../registry/network.ts'
import { targetKinds } from '../targets/index.ts'

/**
 * What an account's administrators declare by themselves reaches what anybody on the internet reaches, and nothing of the machine that
 * Gantry runs on or of its network. Said of a declaration by itself where that can be told, and held at each connection, because a
 * name may lead elsewhere tomorrow.
 */

/** What of this machine or its network a declaration takes, in a few words; null where nothing is to be seen. */
export const takenBy = (declared: DeclaredCredential | TargetDeclaration): string | null =>
  !declared.isConfined ? null : 'registry' in declared ? ofCredential(declared) : ofTarget(declared)

function ofCredential({ registry, holds }: DeclaredCredential): string | null {
  if (holds.kind === 'docker-config') return 'the Docker configuration of this machine'
  return hostWords(`https://${registry}`)
}

function ofTarget({ kind, options }: TargetDeclaration): string | null {
  const maker: TargetKind<unknown> | undefined = targetKinds.find((one) => one.kind === kind)
  const place = maker?.place?.(options) ?? 'this machine'
  return place === 'this machine' ? `this machine, which a target of the kind ${kind} runs on` : hostWords(`https://${place.host}`)
}

/** By the name alone: what it resolves to is looked at when it is connected to. */
function hostWords(address: string): string | null {
  const url = URL.parse(address)
  if (url === null) return 'an address that cannot be read'
  return isReserved(url.hostname) ? `the address ${url.hostname}, which is this machine’s or its network’s` : null
}

/** Without what this machine would be needed for: nobody uses that. */
export function usable(operator: Operator): Operator {
  const unused: Unreadable[] = [...operator.unused]
  const left = <T extends DeclaredCredential | TargetDeclaration>(kind: Unreadable['kind'], all: ReadonlyMap<string, T>): Map<string, T> =>
    new Map(
      [...all].filter(([, declared]) => {
        const taken = takenBy(declared)
        if (taken !== null) unused.push({ account: declared.account, kind, name: declared.name, why: refusal(taken).sentence })
        return taken === null
      }),
    )
  const [credentials, targets] = [left('credential', operator.credentials), left('target', operator.targets)]
  return { ...operator, credentials, targets, unused }
}

/** `taken`: as `takenBy` says it. */
export const refusal = (taken: string): Problem =>
  problem('MACHINE_REQUIRED', {
    sentence: `An account may not declare by itself what takes ${taken}.`,
    found: taken,
    wanted: 'a public address',
    next: 'Use what is reached from anywhere, or ask whoever runs Gantry to set this_machine for the account in the operator file.',
  })

/** The registry client's doors for what is confined: what an administrator names is looked at like what a registry names. */
export const confinedRegistry = (doors: RegistryDoors): RegistryDoors => ({ ...doors, fetch: refusing(doors.publicFetch) })

/** A target's doors: no socket, no private address, and no folder of this machine. */
export const confinedTarget = (doors: TargetDoors): TargetDoors => ({
  ...doors,
  fetch: (endpoint) => refusing(doors.fetch({ ...endpoint, isPublic: true })),
  files: () => {
    const problem = refusal('a folder of this machine')
    throw new Failure(problem.code, problem)
  },
})

const refusing =
  (fetch: typeof globalThis.fetch): typeof globalThis.fetch =>
  async (input, init) => {
    try {
      return await fetch(input, init)
    } catch (error) {
      if (codeOf(error) !== RESERVED_ADDRESS) throw error
      const { host } = new URL(input instanceof Request ? input.url : input)
      const problem = refusal(`the address that ${host} leads to`)
      throw new Failure(problem.code, problem)
    }
  }
