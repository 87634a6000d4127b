import type { Declaration } from '../../src/deploy/declaration.ts'
import { sealAccount } from '../../src/store/backup/account-backup.ts'
import { auditMac } from '../../src/store/audit-key.ts'
import { createDeclarations } from '../../src/store/declarations.ts'
import { localKeys } from '../../src/store/vault/local-keys.ts'
import { HMAC } from '../world/mac.ts'
import { newKey, randomBytes, vaultOver } from '../world/vault.ts'
import { expect, story, type Cast } from '../story.ts'
import { DEPLOY_YML, PASSWORD, REGISTRY, type Called } from '../world/world.ts'

// What whoever runs Gantry has put for an account is used for what it was put there for, and its administrators get no hold of it. grace owns acme.

const [THEIRS, OWN] = ['the-token-that-the-operator-put', 'the-own-token-of-acme']
const KEYS = [newKey('k1')]
const options = {
  keys: KEYS,
  registry: {
    accounts: [
      { name: 'gantry', password: PASSWORD, repositories: ['acme/*'] },
      { name: 'theirs', password: THEIRS, repositories: ['acme/*'] },
      { name: 'own', password: OWN, repositories: ['acme/*'] },
    ],
  },
}
const CREDENTIAL = '/config/acme/credentials/theirs'
const login = (username: string, password: object) => ({ registry: REGISTRY, repositories: ['acme/shop'], username, password })
const said = ({ status, body }: Called) => [status, body.code ?? body.state ?? body.name] as const
const has = ({ registry }: Cast, tag: string): Promise<unknown> => registry.has(`acme/shop:${tag}`, { 'site/index.html': tag })

/** With `gantry vault put --account`, or as some Gantry of before has kept it. */
async function puts({ world }: Cast, more: Partial<Declaration> = {}): Promise<void> {
  const mac = await auditMac(vaultOver(world.disk, ...KEYS), true, randomBytes, HMAC)
  const declarations = createDeclarations(vaultOver(world.disk, ...KEYS), world.disk, mac)
  const json = JSON.stringify(login('theirs', { sealed: THEIRS }))
  await declarations.put({ account: world.github.repository.owner.id, kind: 'credential', name: 'theirs', json, ...more }, world.time.now())
  await world.dies()
}

const engineOf = ({ github }: Cast, host: string, more: object = {}) => {
  const allow = [{ repository: 'acme/shop', id: github.repository.id, environments: ['*'], images: [`${REGISTRY}/acme/*`] }]
  return { kind: 'docker', host: `tcp://${host}`, plain_http: true, allow, ...more }
}

/** What engines are told to pull with, from now on. */
function handed({ world }: Cast): string[] {
  const seen: string[] = []
  world.wire.engine = async ({ url, headers }) => {
    const login = headers.get('x-registry-auth')
    if (login !== null) seen.push(`${new URL(url).hostname} ${JSON.parse(Buffer.from(login, 'base64url').toString()).username}`)
    return null
  }
  return seen
}

/** Deploys with the account's target `own`; what has come of it. */
async function deploys({ ada, github }: Cast): Promise<Called> {
  github.has('.github/deploy.yml', DEPLOY_YML.replace('target: engine', 'target: own'))
  const asked = await ada.calls('POST', '/deploy', { repository: 'acme/shop', environment: 'production', image: ':1.2' })
  return asked.status === 202 ? ada.calls('GET', asked.headers.get('location') ?? '') : asked
}

const backsUp = async ({ grace }: Cast): Promise<object> => (await grace.calls('POST', '/config/acme/backup', {})).body.backup
const restores = ({ grace }: Cast, backup: object) => grace.calls('POST', '/config/acme/restore', { backup })

async function widens({ grace }: Cast): Promise<Called> {
  const { declared } = (await grace.calls('GET', CREDENTIAL)).body
  return grace.calls('PUT', `${CREDENTIAL}?image=${REGISTRY}/acme/shop:1.2`, { ...declared, repositories: ['**'] })
}

story.once(
  'by way of a backup nobody takes over what the operator has put there; what the account declared itself stays its own',
  async (cast) => {
    const { grace } = cast
    await has(cast, '1.2')
    await puts(cast)
    await grace.calls('PUT', '/config/acme/credentials/own?untested=true', login('own', { value: OWN }))
    const refused = { status: 422, body: { detail: 'The secrets have to be given again.', found: 'what whoever runs Gantry has put there' } }
    expect(await widens(cast)).toMatchObject(refused)
    let backup = await backsUp(cast)
    // Once more with a backup of what has come back.
    for (let times = 0; times < 2; times += 1) {
      expect((await grace.calls('DELETE', CREDENTIAL)).status).toBe(200)
      expect((await restores(cast, backup)).body.changes).toHaveLength(1)
      expect(await widens(cast)).toMatchObject(refused)
      backup = await backsUp(cast)
    }
    const own = (await grace.calls('GET', '/config/acme/credentials/own')).body.declared
    const wider = await grace.calls('PUT', `/config/acme/credentials/own?image=${REGISTRY}/acme/shop:1.2`, { ...own, repositories: ['acme/*'] })
    expect([wider.status, wider.body.trials[0].works]).toEqual([200, true])
    // Whoever knows it may have it for their own.
    expect((await grace.calls('PUT', `${CREDENTIAL}?untested=true`, login('theirs', { value: THEIRS }))).status).toBe(200)
    expect((await widens(cast)).status).toBe(200)
  },
  options,
)

story.once(
  'where it was not noted whose a secret is, it has to be entered again, and a backup of then gives it to nobody',
  async (cast) => {
    const { grace, world } = cast
    await has(cast, '1.2')
    await puts(cast, { isConfined: true })
    await grace.calls('PUT', '/config/acme/targets/own?untested=true', engineOf(cast, 'engine.acme.test:2375'))
    expect((await widens(cast)).body).toMatchObject({ code: 'REQUEST_INVALID', found: expect.stringContaining('may be of whoever runs Gantry') })
    // A running account is not stopped by that.
    const seen = handed(cast)
    await deploys(cast)
    expect(seen).toEqual(['engine.acme.test theirs'])

    // As a Gantry of before has written it: whose anything was does not stand in it.
    const account = world.github.repository.owner.id
    const json = JSON.stringify(engineOf(cast, 'engine.acme.test:2376'))
    const declarations = [
      { kind: 'credential', name: 'theirs', json: JSON.stringify(login('theirs', { sealed: THEIRS })) },
      { kind: 'target', name: 'own', json },
    ]
    const old = await sealAccount(localKeys(KEYS, randomBytes), randomBytes, { account, madeAt: world.time.now() }, JSON.stringify({ declarations }))
    expect((await restores(cast, old)).body.changes).toHaveLength(2)
    expect((await widens(cast)).status).toBe(422)
    expect((await restores(cast, await backsUp(cast))).body.changes).toEqual([])
    await deploys(cast)
    expect(seen).toEqual(['engine.acme.test theirs'])
  },
  options,
)

story.once(
  'a target that the account declares is handed nothing that the operator has put there, named or not, also not with this_machine',
  async (cast) => {
    const { grace, world, registry } = cast
    await has(cast, '1.2')
    await puts(cast)
    const seen = handed(cast)
    const target = (more: object = {}) => grace.calls('PUT', '/config/acme/targets/own?untested=true', engineOf(cast, 'engine.acme.test:2375', more))
    const named = await target({ credential: 'theirs' })
    expect(said(named)).toEqual([409, 'CREDENTIAL_MISSING'])
    const refusal = {
      found: 'a credential that was put there by whoever runs Gantry, or may have been',
      wanted: 'one of the account’s own',
      who: 'account',
    }
    expect(named.body).toMatchObject(refusal)
    expect((await target()).status).toBe(201)
    registry.requests.splice(0)
    for (const mayUseMachine of [false, true]) {
      if (mayUseMachine) {
        world.operator = `${world.operator}accounts: { acme: { id: ${world.github.repository.owner.id}, this_machine: true } }\n`
        await world.dies()
      }
      const { body } = await deploys(cast)
      expect(body).toMatchObject({ state: 'failure', problem: { code: 'CREDENTIAL_MISSING', ...refusal } })
    }
    expect(registry.requests.filter(({ authorization = '' }) => authorization.startsWith('Basic'))).toEqual([])
    // One of the account's own will do, though the operator's is the more exact one.
    await grace.calls('PUT', '/config/acme/credentials/own?untested=true', { ...login('own', { value: OWN }), repositories: ['**'] })
    await deploys(cast)
    expect(seen).toEqual(['engine.acme.test own'])
  },
  options,
)

story.once(
  'a target that the operator has put there for the account is handed its credential, and is the account’s once it is declared anew',
  async (cast) => {
    const { grace } = cast
    await has(cast, '1.2')
    await puts(cast)
    await puts(cast, { kind: 'target', name: 'own', json: JSON.stringify(engineOf(cast, 'engine.operator.test:2375')) })
    const seen = handed(cast)
    await deploys(cast)
    expect(seen).toEqual(['engine.operator.test theirs'])
    const backup = await backsUp(cast)
    await grace.calls('PUT', '/config/acme/targets/own?untested=true', engineOf(cast, 'engine.acme.test:2375'))
    await deploys(cast)
    expect(seen).toEqual(['engine.operator.test theirs'])
    // Back from a backup it is handed what came back with it, and nothing that was put there since.
    await restores(cast, backup)
    await deploys(cast)
    expect(seen.splice(0)).toEqual(['engine.operator.test theirs', 'engine.operator.test theirs'])
    await puts(cast)
    await deploys(cast)
    expect(seen).toEqual([])
  },
  options,
)
