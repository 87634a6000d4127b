/**
 * Cuts GitHub's own descriptions down to what Gantry uses. The packages are large (`@octokit/openapi` is 385 MB), so they are installed
 * in a folder outside the repository, cut, and only the slices are committed:
 *
 *     mkdir CUT && cd CUT && npm init -y
 *     npm i --ignore-scripts @octokit/openapi@23.0.2 @octokit/openapi-webhooks@12.1.0 @octokit/graphql-schema@15.26.1
 *     npm exec -- node test/world/github/slice.ts CUT   # from the repository's root
 *
 * Reads  fixtures/github-operations.txt, github-webhooks.txt, github-graphql.txt (what is wanted, with the permissions it needs)
 * Writes fixtures/github-openapi.json, github-webhooks.json, github.graphql
 *
 * Run it when a list changes, and now and then with newer packages: the diff of the slices is GitHub's change log for what we use.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { assertValidSchema, buildASTSchema, parse, print, visit } from 'graphql'
import type { DefinitionNode, DirectiveNode, DocumentNode, FieldDefinitionNode, TypeNode } from 'graphql'

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
type Fields = { [key: string]: Json }

const FIXTURES = new URL('../../../fixtures/', import.meta.url)
/** Keys that carry prose; kept where their value is a schema, because a property may be called `description`. */
const PROSE = new Set(['description', 'summary', 'tags', 'title'])
const EXAMPLES = new Set(['example', 'examples', 'externalDocs'])

const folder = process.argv[2]
if (folder === undefined) throw new Error('usage: node test/world/github/slice.ts FOLDER-WITH-THE-PACKAGES')

cutOperations()
cutWebhooks()
cutGraphql()

function cutOperations(): void {
  const api = readJson('@octokit/openapi/generated/api.github.com.json')
  const paths: Fields = {}
  for (const { name } of listed('github-operations.txt')) {
    const [method = '', path = ''] = name.split(' ')
    const operation = at(api, ['paths', path, method.toLowerCase()])
    if (operation === undefined) throw new Error(`GitHub describes no ${name}`)
    const { operationId, parameters, requestBody, responses } = fields(operation)
    const kept = { operationId, parameters, requestBody, responses }
    paths[path] = { ...fields(paths[path] ?? {}), [method.toLowerCase()]: JSON.parse(JSON.stringify(kept)) as Json }
  }
  writeSlice('github-openapi.json', 'paths', paths, api)
}

function cutWebhooks(): void {
  const api = readJson('@octokit/openapi-webhooks/generated/api.github.com.json')
  const webhooks: Fields = {}
  for (const { name } of listed('github-webhooks.txt')) {
    const schema = at(api, ['webhooks', name, 'post', 'requestBody', 'content', 'application/json', 'schema'])
    if (schema === undefined) throw new Error(`GitHub describes no webhook ${name}`)
    webhooks[name] = schema
  }
  writeSlice('github-webhooks.json', 'webhooks', webhooks, api)
}

function writeSlice(file: string, key: string, wanted: Fields, api: Fields): void {
  const slice: Fields = { openapi: api['openapi'] ?? '', version: at(api, ['info', 'version']) ?? '', [key]: withoutProse(wanted), components: {} }
  const seen = new Set<string>()
  const follow = (node: Json): void => {
    if (Array.isArray(node)) return node.forEach(follow)
    if (node === null || typeof node !== 'object') return
    const reference = node['$ref']
    if (typeof reference === 'string' && !seen.has(reference)) {
      seen.add(reference)
      const path = reference.split('/').slice(1)
      const target = withoutProse(at(api, path) ?? {})
      put(slice, path, target)
      follow(target)
    }
    Object.values(node).forEach(follow)
  }
  follow(slice[key] ?? {})
  save(file, `${JSON.stringify(slice, null, 1)}\n`)
}

function withoutProse(node: Json): Json {
  if (Array.isArray(node)) return node.map(withoutProse)
  if (node === null || typeof node !== 'object') return node
  return Object.fromEntries(
    Object.entries(node)
      .filter(([key, value]) => !isProse(key, value))
      .map(([key, value]) => [key, withoutProse(value)]),
  )
}

function isProse(key: string, value: Json): boolean {
  const isSchema = value !== null && typeof value === 'object' && !Array.isArray(value) && ('type' in value || '$ref' in value || 'oneOf' in value)
  if (isSchema) return false
  return key.startsWith('x-') || EXAMPLES.has(key) || (PROSE.has(key) && (typeof value === 'string' || Array.isArray(value)))
}

function cutGraphql(): void {
  const whole = parse(readFileSync(`${folder}/node_modules/@octokit/graphql-schema/schema.graphql`, 'utf8'), { noLocation: true })
  const wanted = new Map<string, Set<string>>()
  for (const { name } of listed('github-graphql.txt')) {
    const [type = '', field] = name.split('.')
    const set = wanted.get(type) ?? new Set()
    wanted.set(type, field === undefined ? set : set.add(field))
  }
  const slice = reachable(pruned(whole, wanted))
  assertValidSchema(buildASTSchema(slice))
  save('github.graphql', `${print(slice)}\n`)
}

/** Object types, interfaces and unions as wanted; everything else whole, for `reachable` to choose from. */
function pruned(whole: DocumentNode, wanted: ReadonlyMap<string, Set<string>>): DocumentNode {
  const definitions = whole.definitions.flatMap((definition): DefinitionNode[] => {
    if (definition.kind === 'ObjectTypeDefinition' || definition.kind === 'InterfaceTypeDefinition') {
      const names = wanted.get(definition.name.value)
      if (names === undefined) return []
      const interfaces = (definition.interfaces ?? []).filter((one) => [...(wanted.get(one.name.value) ?? ['?'])].every((field) => names.has(field)))
      return [{ ...definition, interfaces, fields: chosen(definition.name.value, definition.fields ?? [], names) }]
    }
    if (definition.kind === 'UnionTypeDefinition') {
      return wanted.has(definition.name.value) ? [{ ...definition, types: definition.types?.filter((one) => wanted.has(one.name.value)) ?? [] }] : []
    }
    return definition.kind === 'DirectiveDefinition' || definition.kind === 'SchemaDefinition' ? [] : [definition]
  })
  return visit(
    { ...whole, definitions },
    { enter: (node) => ('description' in node && node.description ? { ...node, description: undefined } : undefined), Directive: keepDeprecated },
  )
}

function chosen(type: string, all: readonly FieldDefinitionNode[], names: ReadonlySet<string>): FieldDefinitionNode[] {
  const unknown = [...names].filter((name) => !all.some((field) => field.name.value === name))
  if (unknown.length > 0) throw new Error(`GitHub's ${type} has no field ${unknown.join(', ')}`)
  return all.filter((field) => names.has(field.name.value))
}

function keepDeprecated(node: DirectiveNode): null | undefined {
  return node.name.value === 'deprecated' ? undefined : null
}

function reachable(document: DocumentNode): DocumentNode {
  const named = new Map(document.definitions.flatMap((one) => ('name' in one && one.name ? [[one.name.value, one] as const] : [])))
  const kept = new Set<string>()
  const follow = (name: string): void => {
    const definition = named.get(name)
    if (definition === undefined && !['ID', 'String', 'Int', 'Float', 'Boolean'].includes(name)) {
      throw new Error(`${name} is reached but not wanted: add its fields to fixtures/github-graphql.txt`)
    }
    if (definition === undefined || kept.has(name)) return
    kept.add(name)
    visit(definition, { NamedType: (node: TypeNode) => void ('name' in node && follow(node.name.value)) })
  }
  for (const definition of document.definitions)
    if (definition.kind.match(/^(Object|Interface|Union)/) && 'name' in definition && definition.name) follow(definition.name.value)
  return { ...document, definitions: document.definitions.filter((one) => 'name' in one && one.name !== undefined && kept.has(one.name.value)) }
}

function listed(file: string): { name: string }[] {
  const lines = readFileSync(new URL(file, FIXTURES), 'utf8').split('\n')
  return lines.filter((line) => line.trim() !== '' && !line.startsWith('#')).map((line) => ({ name: line.split(/\s{2,}/)[0]!.trim() }))
}

function save(file: string, text: string): void {
  writeFileSync(new URL(file, FIXTURES), text)
  console.log(`${file}: ${Math.round(text.length / 1024)} kB`)
}

function put(root: Fields, path: readonly string[], value: Json): void {
  const parent = path.slice(0, -1).reduce((node, key) => fields((node[key] ??= {})), root)
  parent[path.at(-1)!] = value
}

function readJson(path: string): Fields {
  return JSON.parse(readFileSync(`${folder}/node_modules/${path}`, 'utf8')) as Fields
}

function fields(node: Json): Fields {
  return node !== null && typeof node === 'object' && !Array.isArray(node) ? node : {}
}

function at(root: Json, path: readonly string[]): Json | undefined {
  return path.reduce<Json | undefined>((node, key) => fields(node ?? null)[key], root)
}
