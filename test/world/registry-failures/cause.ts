import type { Who } from '../../../src/errors.ts'
import type { RegistryClient, RegistryRules } from '../../../src/registry/client.ts'
import type { Credential } from '../../../src/registry/credential.ts'
import type { Doors } from '../../../src/registry/doors.ts'
import type { RegistryCode } from '../../../src/registry/failure.ts'
import type { CredentialSource } from '../../../src/registry/source.ts'
import { basic } from '../registry-client.ts'
import { PASSWORD } from './lab.ts'
import type { Lab } from './lab.ts'

/** What is asked of the client once the cause has happened. */
export interface Question {
  readonly image: string
  readonly credential?: Credential | ((client: RegistryClient) => CredentialSource)
  readonly family?: string
  readonly rules?: RegistryRules
  readonly doors?: Partial<Doors>
  readonly wants?: 'digest' | 'platform' | 'layers' | 'preflight'
  readonly platform?: string
  /** Of the target, for a preflight. */
  readonly onlyFrom?: string
  /** For the comparison with skopeo: the image as it reaches it, and words that it needs besides; null where it cannot be asked the same. */
  readonly skopeo?: { readonly image?: string; readonly words?: readonly string[] } | null
}

/** One thing that really goes wrong, and what Gantry has to call it. */
export interface Cause {
  readonly code: RegistryCode
  /** In a few words: `a wrong password`. */
  readonly what: string
  happens(lab: Lab): Promise<Question> | Question
  readonly found?: RegExp
  readonly next?: RegExp
  /** Where it is not the code's own. */
  readonly who?: Who
  readonly retryable?: boolean
  /** Milliseconds that the other side asks to wait. */
  readonly retryAfter?: number
  /** What the log is told of, where that is something else: nothing of what was found without asking anybody, the first no of a preflight. */
  readonly logged?: readonly string[]
  /** Besides the password: what must not be shown. */
  readonly secrets?: readonly string[]
}

export const alice = basic('alice', PASSWORD)
export const bob = basic('bob', PASSWORD)
export const forgetful = basic('alice', 'not-the-password')

/** A question to the registry with tokens, whose token server an administrator trusts. */
export const atBearer = (lab: Lab, name: string, credential: Credential = alice): Question => ({
  image: `${lab.bearer.host}/${name}`,
  credential,
  rules: { trustedRealms: [new URL(lab.tokens.realm).origin] },
})

const FACTOR = 50

/** Fifty times as fast as other clocks: the client's time limits are real, and a test has no minute for them. */
export const hurriedClock: Pick<Doors, 'now' | 'after'> = {
  now: () => performance.now() * FACTOR,
  after(ms, work) {
    const timer = setTimeout(work, ms / FACTOR)
    return () => clearTimeout(timer)
  },
}

/** A JSON answer in the form of the distribution specification. */
export const errorBody = (code: string, message: string): string => JSON.stringify({ errors: [{ code, message }] })

export const jsonHeaders = { 'content-type': 'application/json' }
