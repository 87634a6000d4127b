import { Failure } from '../../errors.ts'
import type { AppSettings, Settings } from '../../settings.ts'
import { toPkcs8 } from '../private-key.ts'
import type { OperatorText } from '../operator-text.ts'
import type { Bindings } from './bindings.ts'

/** What the Worker was deployed with. */
export interface Configured {
  readonly settings: Settings & { readonly app: AppSettings }
  /** Every variable and secret that is text: the operator file refers to them. */
  readonly environment: Readonly<Record<string, string>>
  readonly operator: OperatorText
  /** Everything that there is to ask has answered. */
  readonly isWhole: boolean
}

/** Of a Secrets Store (developers.cloudflare.com, "Secrets Store"). */
interface StoredSecret {
  get(): Promise<string>
}

const known = new WeakMap<Bindings, Promise<Configured>>()

/** Read once; again where that failed, which may have been the Secrets Store for a moment. Throws SETTING_INVALID, which names the variable. */
export function configured(env: Bindings): Promise<Configured> {
  const found = known.get(env) ?? read(env)
  known.set(env, found)
  found.then(
    ({ isWhole }) => isWhole || known.delete(env),
    () => known.delete(env),
  )
  return found
}

async function read(env: Bindings): Promise<Configured> {
  let isWhole = true
  const missed = (): undefined => void (isWhole = false)
  const texts = await Promise.all(Object.entries(env).map(async ([name, value]) => [name, await textOf(value, missed)] as const))
  const environment = Object.fromEntries(texts.filter((entry): entry is readonly [string, string] => entry[1] !== undefined))
  const { readSettings } = await import('../../settings.ts')
  const found = readSettings(environment, { readFile: noFiles, toPkcs8 })
  const [first] = 'problems' in found ? found.problems : []
  if (first !== undefined) throw new Failure(first.code, first)
  const settings = 'settings' in found ? found.settings : null
  if (settings?.app == null) throw missing('APP_ID, PRIVATE_KEY and WEBHOOK_SECRET are', 'the App that this Gantry is')
  if (settings.keys.length === 0) throw missing('GANTRY_KEYS is', 'a key for the vault: what objects keep is encrypted')
  const operator = {
    name: 'GANTRY_YML',
    text: environment['GANTRY_YML']?.trim() ? environment['GANTRY_YML'] : 'version: 1',
    readFile: () => undefined,
  }
  return { settings: { ...settings, app: settings.app }, environment, operator, isWhole }
}

const isStored = (value: unknown): value is StoredSecret =>
  typeof value === 'object' && value !== null && 'get' in value && !('idFromName' in value || 'put' in value) && typeof value.get === 'function'

const textOf = async (value: unknown, missed: () => undefined): Promise<string | undefined> =>
  typeof value === 'string' ? value : isStored(value) ? await value.get().catch(missed) : undefined

function noFiles(): never {
  throw new Error('a Worker has no files')
}

const missing = (names: string, wanted: string): Failure =>
  new Failure('SETTING_INVALID', {
    sentence: `${names} not set on this Worker.`,
    wanted,
    next: 'Set it with: wrangler secret put NAME. docs/workers.md names all of them.',
  })
