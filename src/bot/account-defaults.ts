import * as z from 'zod'
import type { Clock } from '../deploy/clock.ts'
import type { ConfigurationFile } from '../deploy/configuration-check.ts'
import type { Repository } from '../deploy/deployment.ts'
import type { Facts } from '../deploy/source.ts'
import { Failure } from '../errors.ts'
import { defaultsShape, type BlobFacts, type DefaultsFacts } from './facts-answer.ts'
import { DEFAULTS_FRAGMENT } from './facts-query.ts'
import { unexpectedAnswer } from './github-failure.ts'
import type { GitHub } from './github.ts'
import { isOutOfReach } from './gone.ts'

/** The repository of an account whose defaults count in all of its repositories. */
const HOME = '.github'
export const isHome = ({ name }: Pick<Repository, 'name'>): boolean => name.toLowerCase() === HOME

export const DEFAULTS_FILE = '.github/deploy-defaults.yml' satisfies ConfigurationFile

export interface AccountDefaults {
  /** `seen`: what the token of the account's repository that is asked about shows of `.github`. Throws a `Failure` where it cannot be read. */
  read(repository: Repository, seen: DefaultsFacts): Promise<Facts['account']>
  /** Somebody pushed there. */
  pushed(repository: Repository): void
}

/** Where the App is not installed on `.github` nothing tells of a file that is put there; after that one call finds out. */
const BELIEVED = 10 * 60_000

/**
 * A public `.github` is shown to every token. A private one is asked for with a token of its own, because none reaches two repositories;
 * that there is none for us is remembered by installation, so that it costs nothing each time.
 */
export function createAccountDefaults(github: Pick<GitHub, 'reading'>, clock: Clock): AccountDefaults {
  const none = new Map<number, number>()
  let pushes = 0
  const hidden = async ({ installation, owner }: Repository): Promise<DefaultsFacts> => {
    if ((none.get(installation) ?? 0) > clock.now()) return null
    const before = pushes
    const found = await askItself(github, installation, owner)
    // An answer may be older than the push that came meanwhile.
    if (found === null && pushes === before) none.set(installation, clock.now() + BELIEVED)
    return found
  }
  return {
    read: async (repository, seen) => fileOf((seen ?? (await hidden(repository)))?.object ?? null, DEFAULTS_FILE, WHERE),
    pushed: (repository) => {
      if (!isHome(repository)) return
      none.delete(repository.installation)
      pushes += 1
    },
  }
}

const WHERE = "the default branch of the account's .github repository"

const QUERY = `query account($owner: String!) {
  account: repository(owner: $owner, name: "${HOME}", followRenames: false) { ...defaults }
}
${DEFAULTS_FRAGMENT}`

const shape = z.object({ account: defaultsShape })

/** Null where the account has no such repository, or the App is not installed there. */
async function askItself(github: Pick<GitHub, 'reading'>, installation: number, owner: string): Promise<DefaultsFacts> {
  try {
    const { data, errors } = await github.reading({ installation, id: HOME }).graphql(QUERY, { owner })
    const unknown = errors.find(({ type }) => type !== 'NOT_FOUND')
    const parsed = shape.safeParse(data)
    if (unknown !== undefined || !parsed.success) throw unexpectedAnswer('POST /graphql', unknown?.message ?? parsed.error)
    return parsed.data.account ?? null
  } catch (error) {
    if (isOutOfReach(error)) return null
    throw error
  }
}

/** A file that GitHub cut short or calls binary is none that anybody could have meant. */
export function fileOf(object: BlobFacts | null, file: string, where: string): { readonly blob: string; readonly text: string } | null {
  if (object === null) return null
  if (object.text === null || object.isTruncated || object.isBinary === true) {
    throw new Failure('CONFIGURATION_INVALID', {
      sentence: `${file} is too large or no text, so GitHub does not give it out.`,
      wanted: 'a YAML file of at most 512 KB',
      next: `Replace ${file} on ${where} by a YAML file.`,
    })
  }
  return { blob: object.oid, text: object.text }
}
