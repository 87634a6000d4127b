import { Failure } from '../errors.ts'
import type { Problem } from '../errors.ts'
import type { Asking, RegistryClient } from './client.ts'
import { anonymous } from './credential.ts'
import type { Doors, Phase, Trail } from './doors.ts'
import { registryFailure } from './failure.ts'
import { getManifest, headManifest, pickImage, readConfig } from './image.ts'
import type { Visit } from './image.ts'
import { formatPlatform } from './manifest.ts'
import type { Platform } from './manifest.ts'
import { formatReference } from './reference.ts'
import type { Digest, Reference } from './reference.ts'
import { formatScope } from './scope.ts'
import type { Lent } from './source.ts'

/** What is looked at, in this order (registry.md, R44). */
export const ROWS = ['target', 'credential', 'challenge', 'token', 'manifest', 'platform', 'config', 'size', 'lifetime'] as const
export type RowName = (typeof ROWS)[number]

export interface Row {
  readonly name: RowName
  /** `skipped`: something before it failed. */
  readonly outcome: 'passed' | 'warned' | 'failed' | 'skipped'
  /** What was found, in words, without secrets. */
  readonly note: string
  readonly problem: Problem | null
}

/** Whether a target will be able to pull an image, with the very credential that it will use. */
export interface Preflight {
  readonly image: string
  readonly rows: readonly Row[]
  readonly isPullable: boolean
  readonly digest: Digest | null
  readonly platform: Platform | null
  readonly labels: Readonly<Record<string, string>>
}

export interface PreflightAsking extends Asking {
  /** The credential's name, in words: `anonymous`, `credential ghcr`. */
  readonly as: string
  readonly platform: string | null
  /** Milliseconds that a pull may take: the credential must outlive it. */
  readonly pullWithin: number
  /** Where the target cannot pull from every registry: from which it can, in words; null where this one is fine. Left out where there is no target. */
  readonly onlyFrom?: string | null
  /** Others that are stored for this registry, by name: looked at after a no. */
  readonly others?: ReadonlyMap<string, Pick<Asking, 'credential' | 'family'>>
}

/** Runs every row that can be run; never throws a `Failure`. Costs at most one manifest GET for an image and two for an index. */
export async function preflight(client: RegistryClient, doors: Doors, reference: Reference, asking: PreflightAsking): Promise<Preflight> {
  const sheet = new Sheet()
  lookAtTarget(reference, asking, sheet)
  const trail: Trail = { phase: 'credential', attempts: 0 }
  try {
    await client.visit(reference, { ...asking, trail }, async (here, lent) => lookAtImage(here, lent, asking, sheet))
    await lookAtLifetime(client, doors, reference, { ...asking, trail }, sheet)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    const explained = await explain(client, doors, error, reference, asking)
    sheet.fail(rowOf(error.problem, trail.phase, sheet), explained.problem)
  }
  const { digest, platform, labels } = sheet
  return { image: formatReference(reference), rows: sheet.rows(), isPullable: sheet.isPullable(), digest, platform, labels }
}

function lookAtTarget(reference: Reference, { onlyFrom }: PreflightAsking, sheet: Sheet): void {
  if (onlyFrom === undefined) return
  if (onlyFrom === null) return sheet.pass('target', `it can pull from ${reference.registry}`)
  const where = { registry: reference.registry, image: formatReference(reference), grant: '' }
  sheet.fail('target', registryFailure('TARGET_REGISTRY_UNSUPPORTED', where, { found: reference.registry, wanted: onlyFrom }).problem)
}

async function lookAtImage(here: Visit, { credential }: Lent, { as, platform }: PreflightAsking, sheet: Sheet): Promise<void> {
  sheet.here = here
  // No fingerprint: a comment may be public, and a weak password could be guessed against it.
  sheet.pass('credential', credential.kind === 'anonymous' ? as : `${as}, ${credential.kind}`)
  const head = await headManifest(here)
  sheet.pass('challenge', challengeNote(here))
  sheet.pass('token', tokenNote(here))
  sheet.digest = head.digest
  const isLow = head.pullsLeft !== null && head.pullsLeft <= PULLS_NEEDED
  const left = head.pullsLeft === null ? [] : [`${head.pullsLeft} pulls left before a limit`]
  const warning = head.warning === null ? [] : [`it says: ${head.warning}`]
  sheet.pass('manifest', [head.digest, ...left, ...warning].join('; '), isLow || head.warning !== null)
  const { manifest } = head.fetched ?? (await getManifest(here, head.digest))
  const image = await pickImage(here, manifest, platform)
  const config = await readConfig(here, image.config, platform)
  sheet.platform = config.platform
  sheet.labels = config.labels
  sheet.pass('platform', config.platform === null ? 'not said by the image' : formatPlatform(config.platform))
  sheet.pass('config', `${image.config.size} bytes, from where the layers are`)
  const bytes = image.layers.reduce((sum, { size }) => sum + size, 0)
  sheet.pass('size', `${sizeOf(bytes)} in ${image.layers.length} ${image.layers.length === 1 ? 'layer' : 'layers'}`)
}

/** An index and its image. */
const PULLS_NEEDED = 2

/** Whole numbers, as people say them. */
const sizeOf = (bytes: number): string => (bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${Math.round(bytes / 1e6)} MB`)

function challengeNote({ session }: Visit): string {
  const { offer } = session.seen
  if (offer === null) return 'none: it asks for no credential'
  return offer.scheme === 'basic' ? 'Basic' : `Bearer, tokens from ${URL.parse(offer.realm)?.host ?? offer.realm}`
}

function tokenNote({ session }: Visit): string {
  const { offer, token } = session.seen
  if (token === null) return offer?.scheme === 'basic' ? 'not needed: user name and password go with every request' : 'not needed'
  return `${token.scopes.map(formatScope).join(' ')}, for ${Math.round(token.lifetime / 1000)} s`
}

/** The credential as the target will be handed it: minted anew where it would not outlive the pull. */
async function lookAtLifetime(client: RegistryClient, doors: Doors, reference: Reference, asking: PreflightAsking, sheet: Sheet): Promise<void> {
  const { until } = await client.lend(reference, asking, asking.pullWithin).catch((error: unknown) => {
    if (error instanceof Failure) sheet.failing = 'lifetime'
    throw error
  })
  sheet.pass(
    'lifetime',
    until === null ? 'no known end' : `${Math.floor((until - doors.now()) / 60_000)} min, a pull may take ${asking.pullWithin / 60_000} min`,
  )
}

/** What has been found so far. */
class Sheet {
  here: Visit | null = null
  digest: Digest | null = null
  platform: Platform | null = null
  labels: Readonly<Record<string, string>> = {}
  /** The row that is being looked at, where neither code nor phase tells. */
  failing: RowName | null = null
  readonly #rows = new Map<RowName, Row>()

  pass(name: RowName, note: string, isWarning = false): void {
    this.#rows.set(name, { name, outcome: isWarning ? 'warned' : 'passed', note, problem: null })
  }

  fail(name: RowName, problem: Problem): void {
    this.#rows.set(name, { name, outcome: 'failed', note: problem.found ?? problem.sentence, problem })
  }

  rows(): readonly Row[] {
    const failed = ROWS.findIndex((name) => name !== 'target' && this.#rows.get(name)?.outcome === 'failed')
    const looked = ROWS.filter((name) => name !== 'target' || this.#rows.has(name))
    return looked
      .map((name) => [name, ROWS.indexOf(name)] as const)
      .map(([name, index]) => this.#rows.get(name) ?? this.#unseen(name, failed !== -1 && index < failed))
  }

  /** What stands before the failure has not stood in its way. */
  #unseen(name: RowName, isBefore: boolean): Row {
    if (!isBefore || this.here === null) return { name, outcome: 'skipped', note: '', problem: null }
    const note = name === 'challenge' ? challengeNote(this.here) : name === 'token' ? tokenNote(this.here) : ''
    return { name, outcome: 'passed', note, problem: null }
  }

  isPullable(): boolean {
    return this.rows().every(({ outcome }) => outcome === 'passed' || outcome === 'warned')
  }
}

const BY_CODE: Partial<Record<Problem['code'], RowName>> = {
  PLATFORM_MISSING: 'platform',
  CREDENTIAL_MISSING: 'token',
  CREDENTIALS_INVALID: 'token',
  CREDENTIAL_EXPIRED: 'token',
  LOGIN_LOCKED: 'token',
}
const BY_PHASE: Readonly<Record<Phase, RowName>> = {
  credential: 'credential',
  challenge: 'challenge',
  token: 'token',
  manifest: 'manifest',
  blob: 'config',
}
const OF_THE_WAY = /^(DNS|TLS|NETWORK|CHALLENGE|REGISTRY_UNAVAILABLE|TIMEOUT)/

/** Which row a failure belongs to. */
function rowOf({ code }: Problem, phase: Phase, { here, failing }: Sheet): RowName {
  if (failing !== null) return failing
  if (phase === 'credential') return 'credential'
  // Nobody has answered yet.
  if (OF_THE_WAY.test(code) && phase === 'manifest' && (here?.session.seen.offer ?? null) === null) return 'challenge'
  return BY_CODE[code] ?? BY_PHASE[phase]
}

const DENIED = new Set<Problem['code']>([
  'CREDENTIAL_MISSING',
  'CREDENTIAL_KIND_UNSUPPORTED',
  'CREDENTIALS_INVALID',
  'CREDENTIAL_EXPIRED',
  'CREDENTIAL_SOURCE_FAILED',
  'LOGIN_LOCKED',
  'PERMISSION_DENIED',
  'NOT_FOUND_OR_HIDDEN',
])
const MOST_OTHERS = 5
const ALL_WITHIN = 15_000 // ms, for all of the second looks together
const EACH_WITHIN = 10_000

/** Looks a second time after a no, without the credential and with others that are stored: that tells who must do what (registry.md, R45). */
export async function explain(client: RegistryClient, doors: Doors, failure: Failure, reference: Reference, asking: ExplainAsking): Promise<Failure> {
  const { code, found } = failure.problem
  if (!DENIED.has(code)) return failure
  const until = doors.now() + ALL_WITHIN
  const opens = async (other: Pick<Asking, 'credential' | 'family'>): Promise<boolean> => {
    const within = Math.min(EACH_WITHIN, until - doors.now())
    const trail = { phase: 'credential' as const, attempts: 0 }
    const probe = { ...asking, ...other, within, isProbe: true, isFresh: false, trail }
    return client.visit(reference, probe, headManifest).then(
      () => true,
      (error: unknown) => (error instanceof Failure ? false : Promise.reject(error)),
    )
  }
  const isAnonymous = 'kind' in asking.credential && asking.credential.kind === 'anonymous'
  if (!isAnonymous && (await opens({ credential: anonymous }))) {
    const where = { registry: reference.registry, image: formatReference(reference), grant: '' }
    return registryFailure('PUBLIC_IMAGE_BAD_CREDENTIAL', where, { found: `${code}${found === undefined ? '' : `: ${found}`}`, cause: failure })
  }
  for (const [name, other] of [...(asking.others ?? [])].slice(0, MOST_OTHERS)) {
    if (await opens(other)) return named(failure, name)
  }
  return failure
}

type ExplainAsking = Asking & Pick<PreflightAsking, 'others'>

function named(failure: Failure, name: string): Failure {
  const { code, ...problem } = failure.problem
  return new Failure(code, { ...problem, next: `Use the credential ${name}: it can pull this image. ${problem.next}` }, failure)
}
