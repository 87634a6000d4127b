import { parseArgs } from 'node:util'
import { pull } from '../accounts/trials.ts'
import { credentialsAmong, readDeclarations } from '../config/declarations.ts'
import type { DeclaredCredential, Operator } from '../config/operator.ts'
import type { SecretReference } from '../config/operator-schema.ts'
import { declarationWords, OPERATOR, type Declaration, type DeclarationName } from '../deploy/declaration.ts'
import { Failure, Refusal } from '../errors.ts'
import { isFor } from '../images.ts'
import { createRegistryClient } from '../registry/client.ts'
import { exchanges, families } from '../registry/forms.ts'
import { canonicalRepository, parseReference, type Reference } from '../registry/reference.ts'
import { targetKinds } from '../targets/index.ts'
import { dockerCredential } from './docker-config.ts'
import { isAccountId } from './keys.ts'
import { shownAnyway } from './operator-text.ts'
import { reportText } from './preflight.ts'
import { reachAll } from './reach.ts'
import { hiding } from './redact.ts'
import { registryDoors } from './registry-doors.ts'
import { withReadable, withWritable } from './secrets.ts'
import type { CliCommand, Terminal } from './terminal.ts'

const VAULT_HELP = `gantry vault put FILE [--account ID] [--image IMAGE … | --untested]
               keeps the credentials and targets that FILE declares as gantry.yml does, with the values of their secrets, once each
               credential has been shown to pull one of the images and each target has been reached. With GitHub's id of an account
               only its repositories find them. Gantry must not run; the next start uses them
gantry vault list
               what is kept, with fingerprints instead of secrets
gantry vault remove credential|target NAME [--account ID]
               forgets it. Gantry must not run`

export const vault: CliCommand = {
  name: 'vault',
  help: VAULT_HELP,
  run: vaultCommand,
}

/** `gantry vault …`. Answers with the exit code: 0 done, 1 refused, 2 the words are wrong. Throws a `Failure`. */
async function vaultCommand(words: readonly string[], machine: Terminal): Promise<0 | 1 | 2> {
  const options = { image: { type: 'string', multiple: true }, untested: { type: 'boolean' }, account: { type: 'string' } } as const
  try {
    const { values, positionals } = parseArgs({ args: [...words], options, allowPositionals: true })
    const { image: images = [], untested = false, account: typed = String(OPERATOR) } = values
    const account = isAccountId(typed) ? Number(typed) : null
    const [verb, ...rest] = positionals
    const isPlain = images.length === 0 && !untested
    if (verb === 'put' && account !== null && rest.length === 1 && !(untested && images.length > 0))
      return await put(rest[0]!, account, untested ? null : images, machine)
    if (verb === 'list' && rest.length === 0 && isPlain && values.account === undefined) return await list(machine)
    const [kind, name] = rest
    if (verb === 'remove' && account !== null && rest.length === 2 && isPlain && (kind === 'credential' || kind === 'target'))
      return await remove({ account, kind, name: name! }, machine)
  } catch (error) {
    if (!(error instanceof TypeError) || !('code' in error)) throw error
  }
  machine.print(VAULT_HELP)
  return 2
}

/** With null for the images nothing is tried. */
async function put(path: string, account: number, images: readonly string[] | null, machine: Terminal): Promise<0 | 1> {
  const text = machine.readFile(path)
  if (text === undefined) {
    machine.print(`There is no file ${path}.`)
    return 1
  }
  const settings = machine.settings()
  return withWritable(settings, async ({ declarations }) => {
    const kept = credentialsAmong(await declarations.all(), account)
    const read = readDeclarations(
      text,
      account,
      new Map(targetKinds.map((kind) => [kind.kind, kind])),
      secretsOf(machine),
      { exchanges, families },
      kept,
    )
    if ('problem' in read) throw new Failure(read.problem.code, { ...read.problem, found: `${path}: ${read.problem.found ?? ''}` })
    if (images !== null) {
      const isPulled = await pullAll(read.operator, images, machine)
      // Whoever has to put two things right is told of both.
      if (!(await reachAll(read.operator, settings, machine)) || !isPulled) return 1
    }
    for (const declaration of read.declarations) {
      await declarations.put(declaration, Date.now())
      machine.print(`Kept: ${inWords(declaration, declarations.fingerprint(declaration))}`)
    }
    if (read.declarations.length === 0) machine.print(`${path} declares nothing.`)
    return read.declarations.length === 0 ? 1 : 0
  })
}

/** Every secret is hidden from then on, whatever the registry answers. */
const secretsOf =
  ({ environment, redactor, readFile, print }: Terminal) =>
  (reference: SecretReference): string | undefined => {
    const value = 'env' in reference ? environment[reference.env] : readFile(reference.file)
    if (value?.trim() && !redactor.register(value.trim())) print(`Take another one: ${shownAnyway(reference)}.`)
    return value
  }

/** Each image with the credential that is for it, and each credential with an image. */
async function pullAll(operator: Operator, images: readonly string[], machine: Terminal): Promise<boolean> {
  const untried = new Set([...operator.credentials.values()].map(({ name }) => name))
  let isGood = true
  for (const typed of images) {
    const reference = parseReference(typed, { tag: 'latest' })
    if (reference instanceof Refusal) throw new Failure(reference.problem.code, reference.problem)
    const fitting = [...operator.credentials.values()].filter((one) => isFor(one, reference))
    if (fitting.length === 0) machine.print(`No credential in the file is for ${canonicalRepository(reference)}.`)
    isGood &&= fitting.length > 0
    for (const credential of fitting) {
      untried.delete(credential.name)
      isGood = (await pulls(credential, reference, operator, machine)) && isGood
    }
  }
  for (const name of untried) machine.print(`No image was given that the credential ${name} is for: nothing is kept. Add one with --image.`)
  return isGood && untried.size === 0
}

async function pulls(declared: DeclaredCredential, reference: Reference, operator: Operator, machine: Terminal): Promise<boolean> {
  const doors = registryDoors(machine.log)
  const own = { client: createRegistryClient(doors, operator), doors }
  const secrets = { dockerConfig: dockerCredential, hide: (secret: string) => hiding(machine.redactor, secret) }
  const found = await pull(declared, reference, { ...secrets, clients: () => ({ open: own, confined: own }) })
  machine.print(found.isPullable ? `${found.image} can be pulled with the credential ${declared.name}.` : reportText(found))
  return found.isPullable
}

/** 1 where something of it cannot be read. */
const list = ({ settings, print, say }: Terminal): Promise<0 | 1> =>
  withReadable<0 | 1>(settings(), async ({ declarations }) => {
    const all = await declarations.all()
    for (const one of all) {
      if ('json' in one) print(inWords(one, declarations.fingerprint(one)))
      else say(`${declarationWords(one)} · ${one.why}`)
    }
    if (all.length === 0) print('Nothing is kept.')
    return all.some((one) => 'why' in one) ? 1 : 0
  })

const remove = (which: DeclarationName, { settings, print }: Terminal): Promise<0 | 1> =>
  withWritable(settings(), async ({ declarations }) => {
    const isDone = await declarations.remove(which, Date.now())
    print(isDone ? `Removed: ${declarationWords(which)}` : `There is no ${declarationWords(which)}.`)
    return isDone ? 0 : 1
  })

/** What may be shown of it: never a value of its secrets. */
function inWords(declaration: Declaration, fingerprint: string): string {
  const declared = JSON.parse(declaration.json) as Readonly<Record<string, unknown>>
  const shown = ['registry', 'repositories', 'username', 'expires', 'kind', 'host', 'credential'].flatMap((key) => {
    const value = declared[key]
    return typeof value === 'string' || Array.isArray(value) ? [`${key} ${String(value)}`] : []
  })
  return [declarationWords(declaration), ...shown, `fingerprint ${fingerprint}`].join(' · ')
}
