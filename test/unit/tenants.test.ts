import { describe, expect, test } from 'vitest'
import { placeTargets, sourceOf } from '../../src/accounts/placing.ts'
import { readOperatorFile } from '../../src/config/operator-file.ts'
import type { Operator } from '../../src/config/operator.ts'
import type { Declaration } from '../../src/deploy/declaration.ts'
import { decide } from '../../src/deploy/gates/index.ts'
import { propose } from '../../src/deploy/proposal.ts'
import { accessOf } from '../../src/deploy/step.ts'
import { createImages } from '../../src/images.ts'
import { createRegistryClient, type RegistryClient } from '../../src/registry/client.ts'
import { secretOf } from '../../src/registry/credential.ts'
import type { Operation } from '../../src/registry/doors.ts'
import { exchanges, families } from '../../src/registry/forms.ts'
import type { PreflightAsking } from '../../src/registry/preflight.ts'
import { targetKinds } from '../../src/targets/index.ts'
import { MemoryFiles } from '../world/memory-files.ts'
import { Random } from '../world/random.ts'
import { stillDoors } from '../world/still-doors.ts'
import { Time } from '../world/time.ts'
import { asks, configuration, facts, imageRule, request, rules, situation } from './deploy/situation.ts'

// Two accounts and the operator keep credentials and targets with the same names. Whatever a repository of one account asks for, it has to
// come to exactly what it would come to if the other account kept nothing: "not yours" is "not there".

const [OURS, THEIRS] = [7, 8]
const NAMES = ['prod', 'staging', 'ghcr', 'hub']
const HOSTS = ['ghcr.io', 'docker.io']
const PATTERNS = ['acme/*', 'umbrella/*', 'umbrella/private', '**']
const KINDS = new Map(targetKinds.map((kind) => [kind.kind, kind]))
const KEYCHAINS = { exchanges, families }
const OWNERS = new Map([
  [OURS, 'acme'],
  [THEIRS, 'umbrella'],
])

const credential = (account: number, name: string, random: Random): Declaration => {
  const declared = { registry: random.pick(HOSTS), repositories: [random.pick(PATTERNS)], username: `of-${account}` }
  return { account, kind: 'credential', name, json: JSON.stringify({ ...declared, password: { sealed: `secret-of-${account}-${name}` } }) }
}

const target = (account: number, name: string, id: number, random: Random): Declaration => {
  const allow = [OURS, THEIRS].map((whose) => ({ repository: `${OWNERS.get(whose)}/shop`, id, environments: ['**'], images: ['*.io/**'] }))
  const named = random.chance(0.5) ? { credential: random.pick(NAMES) } : {}
  return { account, kind: 'target', name, json: JSON.stringify({ kind: 'static', listen: '127.0.0.1:0', ...named, allow }) }
}

function keptBy(account: number, random: Random): readonly Declaration[] {
  const some = (share: number): readonly string[] => NAMES.filter(() => random.chance(share))
  return [...some(0.6).map((name) => credential(account, name, random)), ...some(0.6).map((name) => target(account, name, 42, random))]
}

function operatorOf(kept: readonly Declaration[]): Operator {
  const read = readOperatorFile('version: 1', KINDS, () => undefined, KEYCHAINS, kept)
  if ('problem' in read) throw new Error(JSON.stringify(read.problem))
  return read.operator
}

/** What a repository of `account` gets for naming this target and this image: everything that it, or a target, or a registry is told. */
async function comesTo(operator: Operator, account: number, asked: { readonly target: string; readonly image: string }) {
  const files = new MemoryFiles()
  const targets = placeTargets(operator, { fetch: () => fetch, files: (name) => files.under(name), clock: new Time(async () => {}) })
  const repository = { ...request().repository, owner: OWNERS.get(account) ?? '', account }
  const about = request({ repository, asks: asks({ image: null }) })
  const read = { configuration: configuration([rules({ target: asked.target })], [imageRule({ repository: asked.image })]) }
  const made = propose(about, facts(), { readConfiguration: () => read, targets })
  if ('problem' in made) return { problem: made.problem, key: null, shown: null }
  const decision = decide(situation({ request: about, proposal: made }))
  if ('refusal' in decision) return { problem: decision.refusal.problem, key: made.placed.key, shown: null }
  const doors = stillDoors()
  const client = createRegistryClient(doors, operator)
  const shown: string[] = []
  // Where the client would ask the registry, what it would show there is written down instead.
  const looking: RegistryClient = {
    ...client,
    resolve: async (_, { credential: from, tenant, others }: PreflightAsking) => {
      const used = 'lend' in from ? (await from.lend(0, {} as Operation)).credential : from
      shown.push(`${used.kind === 'anonymous' ? '' : secretOf(used)} ${tenant} ${[...(others?.keys() ?? [])].join('|')}`)
      return { digest: `sha256:${'a'.repeat(64)}`, mediaType: '', size: null, platform: null, labels: null }
    },
  }
  const nothing = { dockerConfig: async () => null, hide: () => () => {} }
  const sources = [...operator.credentials.values()].map((declared) => ({ ...declared, source: sourceOf(declared, client, nothing) }))
  const access = accessOf(made.placed, repository, 'staging')
  const { as } = await createImages({ open: { client: looking, doors }, confined: { client: looking, doors } }, sources).resolve(
    made.artifacts[0]!,
    access,
    'd-1',
  )
  return { problem: null, key: made.placed.key, shown: `${as} ${shown.join()}` }
}

function worldOf(random: Random) {
  const [ours, theirs, operators] = [keptBy(OURS, random), keptBy(THEIRS, random), keptBy(0, random)]
  return { withThem: operatorOf([...operators, ...ours, ...theirs]), withoutThem: operatorOf([...operators, ...ours]) }
}

const kindsOf = ({ problem, key, shown }: Awaited<ReturnType<typeof comesTo>>): readonly string[] => [
  problem?.code ?? (key?.endsWith(`@${OURS}`) === true ? 'our target' : 'the operator’s target'),
  ...(shown?.includes(`of-${OURS}`) === true ? ['our credential'] : []),
]

describe('what one account keeps', () => {
  test('is for another as if it were not there, in 1,000 attempts with names and images of the other’s', async () => {
    const random = new Random(20_261_126)
    const outcomes = new Map<string, number>()
    let world: ReturnType<typeof worldOf> | null = null
    for (let attempt = 0; attempt < 1_000; attempt += 1) {
      if (attempt % 25 === 0) world = worldOf(random)
      const image = `${random.pick(HOSTS)}/${random.pick(['umbrella/private', 'umbrella/shop', 'acme/shop'])}`
      const asked = { target: random.pick([...NAMES, ...NAMES.map((name) => `${name}@${THEIRS}`)]), image }
      const came = await comesTo(world!.withThem, OURS, asked)
      expect(came, `attempt ${attempt}: ${JSON.stringify(asked)}`).toEqual(await comesTo(world!.withoutThem, OURS, asked))
      expect(JSON.stringify(came)).not.toContain(`of-${THEIRS}`)
      for (const kind of kindsOf(came)) outcomes.set(kind, (outcomes.get(kind) ?? 0) + 1)
    }
    // Neither all refused nor all let through: the attempts are worth something.
    for (const kind of ['TARGET_UNKNOWN', 'our target', 'the operator’s target', 'our credential'])
      expect(outcomes.get(kind), kind).toBeGreaterThan(50)
  })
})
