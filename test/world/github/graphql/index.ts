/** GraphQL, executed on the slice of GitHub's own schema: a wrong field, argument or input breaks the contract like a wrong REST body. */
import { buildSchema, execute, isScalarType, Kind, parse, validate } from 'graphql'
import type { DocumentNode, ExecutionResult, FieldNode, GraphQLError, GraphQLFieldResolver, GraphQLTypeResolver } from 'graphql'
import { authorize } from '../auth.ts'
import { ContractViolation, permissions } from '../contract.ts'
import type { Referee } from '../contract.ts'
import { fixture, isObject } from '../description.ts'
import { GitHubSays } from '../refusal.ts'
import { judged } from './judged.ts'
import { mutations } from './mutations.ts'
import { queries } from './queries.ts'
import type { Args, Asked } from './sources.ts'

export interface Question {
  readonly document: DocumentNode
  readonly variables: Readonly<Record<string, unknown>>
  readonly kind: 'query' | 'mutation'
  /** The root fields, by their names and not their aliases: `addComment`, `repository`. */
  readonly fields: readonly string[]
}

const SCHEMA = buildSchema(fixture('github.graphql'))
const objectId = SCHEMA.getType('GitObjectID')
if (isScalarType(objectId)) {
  objectId.parseValue = (value) => {
    if (typeof value === 'string' && /^[0-9a-f]{40}$/.test(value)) return value
    throw new Error(`${JSON.stringify(value)} is no GitObjectID`)
  }
}
const PERMISSIONS = permissions('github-graphql.txt')
/** Permissions that depend on the thread are asked where the thread is known. */
const isPlain = (needed: readonly string[]): boolean => needed.length === 1

/** A request's body as GraphQL; whatever GitHub would not understand is a violation. */
export function read(referee: Referee, body: unknown): Question {
  if (!isObject(body) || typeof body['query'] !== 'string') return referee.violate('POST /graphql: the body has no query')
  const unknown = Object.keys(body).find((key) => !['query', 'variables', 'operationName'].includes(key))
  if (unknown !== undefined) return referee.violate(`POST /graphql: GitHub knows no field "${unknown}"`)
  const document = parsed(referee, body['query'])
  // graphql-ruby lets `... on Issue { state } ... on PullRequest { state }` pass though their enums differ, and much (`gh issue view`) relies on it.
  const errors = validate(SCHEMA, document).filter((one) => !one.message.includes('conflicting types'))
  if (errors.length > 0) referee.violate(`GraphQL does not match GitHub's schema:\n${errors.map((one) => `  ${one.message}`).join('\n')}`)
  const [operation] = document.definitions.flatMap((one) => (one.kind === Kind.OPERATION_DEFINITION ? [one] : []))
  const roots = operation?.selectionSet.selections.filter((one): one is FieldNode => one.kind === Kind.FIELD) ?? []
  const variables = isObject(body['variables']) ? body['variables'] : {}
  return { document, variables, kind: operation?.operation === 'mutation' ? 'mutation' : 'query', fields: roots.map((one) => one.name.value) }
}

/** Aliases run in order and fail singly: `data` has what worked, `errors` the rest, both with status 200. */
export async function answer(asked: Asked, question: Question, failing: (field: string) => GitHubSays | null) {
  const contextValue = { ...asked, failing }
  const result = await execute({
    schema: SCHEMA,
    document: question.document,
    variableValues: question.variables,
    contextValue,
    fieldResolver,
    typeResolver,
  })
  refereeErrors(asked.github.referee, result)
  return { ...(result.data !== undefined && { data: result.data }), ...(result.errors && { errors: result.errors.map(shown) }) }
}

interface Context extends Asked {
  readonly failing: (field: string) => GitHubSays | null
}

/**
 * The one cast of this folder: `graphql` hands every resolver an unknown source, and `Sources` says what the type named by
 * `info.parentType` was made with.
 */
const fieldResolver: GraphQLFieldResolver<unknown, Context> = (source, args, asked, info) => {
  const type = info.parentType.name
  const trouble = asked.failing(info.fieldName)
  if (trouble !== null) throw trouble
  const needed = PERMISSIONS.get(`${type}.${info.fieldName}`) ?? []
  if (isPlain(needed)) authorize(asked.token, asked.seen, null, needed)
  const table = { ...queries, ...mutations, ...judged }[type as keyof typeof queries] as
    | Readonly<Record<string, (source: unknown, args: Args, asked: Asked) => unknown>>
    | undefined
  const resolver = table?.[info.fieldName]
  if (resolver !== undefined) return resolver(source, args, asked)
  if (isObject(source) && table === undefined) return source[info.fieldName] ?? null
  return asked.github.referee.violate(`the simulated GitHub does not answer ${type}.${info.fieldName} yet: add it to test/world/github/graphql/`)
}

const typeResolver: GraphQLTypeResolver<unknown, Context> = (source) => {
  if (!isObject(source)) return undefined
  if (source['kind'] === 'Issue' && isObject(source['issue'])) return source['issue']['pull'] === null ? 'Issue' : 'PullRequest'
  if (source['kind'] === 'Account' && isObject(source['account'])) return String(source['account']['type'])
  return String(source['kind'])
}

function parsed(referee: Referee, query: string): DocumentNode {
  try {
    return parse(query)
  } catch (error) {
    return referee.violate(`GraphQL that cannot be parsed: ${String(error)}`)
  }
}

/** A contract broken inside a resolver counts as one; so does our own mistake, and a variable that does not fit its type. */
function refereeErrors(referee: Referee, result: ExecutionResult): void {
  for (const error of result.errors ?? []) {
    if (error.originalError instanceof GitHubSays) continue
    if (error.originalError instanceof ContractViolation) throw error.originalError
    referee.violate(`GraphQL does not match GitHub's schema: ${error.message}${error.originalError?.stack ?? ''}`)
  }
}

/** As GitHub writes an error: the type beside the message, not in `extensions`. */
function shown(error: GraphQLError) {
  const { message, path, locations, originalError } = error
  return { type: originalError instanceof GitHubSays ? originalError.type : 'INTERNAL', path, locations, message }
}
