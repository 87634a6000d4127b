/**
 * The referee: holds the bot and the simulator alike to GitHub's own description (`fixtures/github-*.json`). Whatever breaks it
 * is recorded and thrown; the record counts, because a bot that handles errors well swallows ours too.
 */
import { Ajv } from 'ajv'
import type { ValidateFunction } from 'ajv'
import addFormats from 'ajv-formats'
import { complete } from './complete.ts'
import { api, asJsonSchema, fixture, hooks, isObject, resolve } from './description.ts'
import type { Content, Description, Json, OperationDescription, Stated, Schema } from './description.ts'

export class ContractViolation extends Error {
  override readonly name = 'ContractViolation'
}

export interface Operation {
  /** As in `fixtures/github-operations.txt`: `POST /repos/{owner}/{repo}/deployments`. */
  readonly name: string
  /** `app`, `open`, or alternatives like `issues:write`. */
  readonly permission: readonly string[]
  readonly description: OperationDescription
  readonly parameters: Readonly<Record<string, string>>
}

/** Operation or GraphQL field → the permissions that will do; parsed from the lists in `fixtures/`. */
export function permissions(list: 'github-operations.txt' | 'github-graphql.txt'): ReadonlyMap<string, readonly string[]> {
  const lines = fixture(list).split('\n')
  const rows = lines.filter((line) => line.trim() !== '' && !line.startsWith('#')).map((line) => line.trim().split(/\s{2,}/))
  return new Map(rows.map(([name = '', permission]) => [name, permission?.split('|') ?? []]))
}

export class Referee {
  readonly violations: ContractViolation[] = []

  /** Records and throws: what the bot or the simulator did that GitHub would not understand. */
  violate(sentence: string): never {
    const violation = new ContractViolation(sentence)
    this.violations.push(violation)
    throw violation
  }

  /** At a story's end: throws if anything broke the contract, even if the bot swallowed it. */
  verdict(): void {
    if (this.violations.length === 0) return
    throw new ContractViolation(this.violations.map((one) => one.message).join('\n'))
  }

  operation(method: string, path: string): Operation {
    for (const route of ROUTES) {
      const match = route.method === method ? route.pattern.exec(path) : null
      if (match === null) continue
      const parameters = Object.fromEntries(route.names.map((name, index) => [name, decodeURIComponent(match[index + 1] ?? '')]))
      return { name: route.name, permission: route.permission, description: route.description, parameters }
    }
    return this.violate(`the bot called ${method} ${path}, which is not in fixtures/github-operations.txt`)
  }

  request(operation: Operation, query: URLSearchParams, body: Json | undefined): void {
    this.#parameters(operation, query)
    const schema = jsonSchema(operation.description.requestBody)
    if (schema === undefined) {
      if (body !== undefined) this.violate(`${operation.name} takes no body`)
      return
    }
    const unknown = unknownKey(schema, body ?? {}, api)
    if (unknown !== null) this.violate(`${operation.name}: GitHub knows no field "${unknown}"`)
    this.#check(`the request body of ${operation.name}`, schema, body ?? {}, 'api')
  }

  /** The whole body of an answer, from what the simulator states of it. */
  answer(operation: Operation, status: number, stated: Stated): Json | undefined {
    const described = operation.description.responses[String(status)]
    if (described === undefined && status < 400) this.violate(`${operation.name} never answers ${status}`)
    const schema = jsonSchema(described)
    if (schema === undefined) return stated === undefined ? undefined : (JSON.parse(JSON.stringify(stated)) as Json)
    const body = complete(schema, stated, api)
    this.#check(`the simulated ${status} of ${operation.name}`, schema, body, 'api')
    return body
  }

  /** The whole payload of a webhook, from what the simulator states of it. */
  webhook(name: string, stated: Stated): Json {
    const schema = hooks.webhooks[name]
    if (schema === undefined) return this.violate(`the webhook ${name} is not in fixtures/github-webhooks.txt`)
    const payload = complete(schema, stated, hooks)
    this.#check(`the simulated webhook ${name}`, schema, payload, 'hooks')
    return payload
  }

  #parameters(operation: Operation, query: URLSearchParams): void {
    const validate = parametersOf(operation)
    const given = { ...Object.fromEntries(query), ...operation.parameters }
    if (!validate(given)) this.violate(`the parameters of ${operation.name} do not match GitHub's description:\n${reasons(validate)}`)
  }

  #check(what: string, schema: Schema, value: Json, document: 'api' | 'hooks'): void {
    const validate = compiled(schema, document)
    if (!validate(value)) this.violate(`${what} does not match GitHub's description:\n${reasons(validate)}`)
  }
}

const PERMISSIONS = permissions('github-operations.txt')

const ROUTES = Object.entries(api.paths).flatMap(([template, methods]) =>
  Object.entries(methods).map(([method, description]) => {
    const name = `${method.toUpperCase()} ${template}`
    const pattern = template.replace('{path}', '(.+)').replaceAll(/{\w+}/g, '([^/]+)')
    const names = [...template.matchAll(/{(\w+)}/g)].map((match) => match[1] ?? '')
    return { method: method.toUpperCase(), name, names, description, permission: PERMISSIONS.get(name) ?? [], pattern: new RegExp(`^${pattern}$`) }
  }),
)

const ajv = new Ajv({ strict: false, allErrors: true })
// Query and path parameters arrive as text.
const coercing = new Ajv({ strict: false, allErrors: true, coerceTypes: 'array' })
for (const one of [ajv, coercing]) {
  addFormats.default(one)
  one.addFormat('repo.nwo', true)
  one.addFormat('timestamp', true)
}
ajv.addSchema({ components: asJsonSchema(api.components, 'api') }, 'api')
ajv.addSchema({ components: asJsonSchema(hooks.components, 'hooks') }, 'hooks')

const validators = new WeakMap<object, ValidateFunction>()

function compiled(schema: Schema, document: 'api' | 'hooks'): ValidateFunction {
  const known = validators.get(schema)
  if (known !== undefined) return known
  const validate = ajv.compile({ allOf: [asJsonSchema(schema, document)] })
  validators.set(schema, validate)
  return validate
}

function parametersOf(operation: Operation): ValidateFunction {
  const known = validators.get(operation.description)
  if (known !== undefined) return known
  const parameters = (operation.description.parameters ?? []).map((one) => resolve(one, api)).filter((one) => one.in !== 'header')
  const validate = coercing.compile({
    type: 'object',
    properties: Object.fromEntries(parameters.map((one) => [one.name, asJsonSchema(resolve(one.schema, api), 'api')])),
    required: parameters.filter((one) => one.required).map((one) => one.name),
    additionalProperties: false,
  })
  validators.set(operation.description, validate)
  return validate
}

function jsonSchema(content: Content | undefined): Schema | undefined {
  return content === undefined ? undefined : resolve(content, api).content?.['application/json']?.schema
}

function reasons(validate: ValidateFunction): string {
  const errors = (validate.errors ?? []).slice(0, 4)
  return errors.map((one) => `  ${one.instancePath || '/'} ${one.message ?? ''} ${JSON.stringify(one.params)}`).join('\n')
}

/** The path of the first key that the description does not name: schemas alone accept `enviroment`. */
function unknownKey(raw: Schema, value: Json, document: Description): string | null {
  if (Array.isArray(value)) return first(value, (one: Json) => unknownKey(resolve(raw, document).items ?? {}, one, document))
  if (!isObject(value)) return null
  const known = knownProperties(raw, document)
  if (known === null) return null
  return first(Object.entries(value), ([key, inner]) => {
    const schema = known.get(key)
    if (schema === undefined) return key
    const below = unknownKey(schema, inner, document)
    return below === null ? null : `${key}.${below}`
  })
}

/** All properties of all alternatives; null where any key will do. */
function knownProperties(raw: Schema, document: Description): ReadonlyMap<string, Schema> | null {
  const schema = resolve(raw, document)
  const parts = [...(schema.allOf ?? []), ...(schema.oneOf ?? []), ...(schema.anyOf ?? [])].map((one) => knownProperties(one, document))
  const own = Object.entries(schema.properties ?? {})
  const named = parts.filter((one) => one !== null)
  const isOpen = isObject(schema.additionalProperties) || (own.length === 0 && schema.additionalProperties === true)
  if (isOpen || (own.length === 0 && named.length === 0)) return null
  // GitHub writes `additionalProperties: true` on alternatives that only say which keys go together: the named keys are meant.
  return new Map([...own, ...named.flatMap((one) => [...one])])
}

function first<T, R>(items: readonly T[], find: (item: T) => R | null): R | null {
  for (const item of items) {
    const found = find(item)
    if (found !== null) return found
  }
  return null
}
