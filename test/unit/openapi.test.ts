import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { describe, expect, test } from 'vitest'
import { CODES } from '../../src/errors.ts'
import { description } from '../../src/web/publish.ts'
import { exampleOf, resolved, whole, type Described, type Header, type Schema } from '../world/api-fuzz/description.ts'
import { publishedDocument, routesOf } from './openapi.ts'

// `/openapi.json` is an OpenAPI 3.1 document, whole and true to itself.

const document = await publishedDocument()
const routes = routesOf(document).map((route) => ({ name: `${route.method} ${route.path}`, ...route }))
const { schemas, responses, headers } = document.components

const ajv = new Ajv2020({ strict: false })
// @ts-expect-error its types are those of a CommonJS module
addFormats(ajv)
ajv.addFormat('media-range', true)

/** With what an answer's schema leaves open closed: an example that shows what is no longer there is none. */
const closed = (schema: unknown): unknown => {
  if (Array.isArray(schema)) return schema.map(closed)
  if (typeof schema !== 'object' || schema === null) return schema
  if ('allOf' in schema) return closed(whole(document, schema as Schema))
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, key === 'example' ? value : closed(value)]))
  return 'properties' in schema && !('additionalProperties' in schema) ? { ...inner, additionalProperties: false } : inner
}
const complaints = (schema: Schema, value: unknown): string | null => {
  const check = ajv.compile({ ...(closed(schema) as object), components: closed(document.components) })
  return check(value) ? null : ajv.errorsText(check.errors)
}

/** Every object in the document of which this is so, with the way to it. */
function found(isSo: (one: Readonly<Record<string, unknown>>) => boolean, value: unknown = document, way = '#'): (readonly [string, object])[] {
  if (typeof value !== 'object' || value === null) return []
  const inner = Object.entries(value).flatMap(([key, one]) => (key === 'example' ? [] : found(isSo, one, `${way}/${key}`)))
  return isSo(value as Readonly<Record<string, unknown>>) ? [[way, value], ...inner] : inner
}

test('is a document as the OpenAPI Initiative describes one, with schemas as JSON Schema describes them', () => {
  const schema = JSON.parse(readFileSync(new URL('../../fixtures/openapi-3.1.schema.json', import.meta.url), 'utf8')) as object
  const check = ajv.compile(schema)
  expect(check(document) ? null : ajv.errorsText(check.errors)).toBeNull()
  for (const [name, one] of Object.entries(schemas)) expect(ajv.validateSchema(one), name).toBe(true)
  expect(check({ ...document, paths: { deploy: {} } })).toBe(false)
})

test('is the same where it is made beforehand', () => expect(JSON.parse(description())).toEqual(document))

test('what it refers to is there', () => {
  const references = found((one) => typeof one['$ref'] === 'string')
  expect(references.length).toBeGreaterThan(50)
  for (const [, reference] of references) expect(() => resolved(document, reference)).not.toThrow()
})

test('each route has a name of its own, and a group that is described', () => {
  const names = routes.map(({ operation }) => operation.operationId)
  expect(names.filter((name) => name === undefined || !/^[a-z][A-Za-z]+$/.test(name))).toEqual([])
  expect(new Set(names).size).toBe(names.length)
  const groups = document.tags.map(({ name }) => name)
  for (const { name, operation } of routes) expect([name, groups]).toEqual([name, expect.arrayContaining([...(operation.tags ?? ['none'])])])
  expect(groups.filter((group) => !routes.some(({ operation }) => operation.tags?.includes(group)))).toEqual([])
})

test('everything has a meaning', () => {
  const nameless = found((one) => 'type' in one && 'properties' in one).flatMap(([way, schema]) =>
    Object.entries((schema as Schema).properties ?? {}).flatMap(([name, its]) => (its.description === undefined && its.$ref === undefined ? [`${way} ${name}`] : [])),
  ) // prettier-ignore
  expect(nameless).toEqual([])
  expect(routes.flatMap(({ name, operation }) => (operation.parameters ?? []).flatMap((one) => ((one.description ?? one.schema.description) === undefined ? [`${name} ${one.name}`] : [])))).toEqual([]) // prettier-ignore
})

describe.each(routes)('$name', ({ path, operation }) => {
  const { parameters = [], requestBody, security = [] } = operation
  const answers = Object.entries(operation.responses).map(([status, answer]) => [status, resolved<Described>(document, answer)] as const)

  test('declares what its path has, and that nobody calls without a name', () => {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
    const declared = parameters.filter((one) => one.in === 'path')
    expect(declared.map(({ name }) => name).toSorted()).toEqual(inPath.toSorted())
    expect(declared.every(({ required }) => required === true)).toBe(true)
    expect(security).toEqual([{ bearer: [] }])
  })

  test('has an example of its body, and of every parameter that has one, which its schema takes', () => {
    for (const { name, schema } of parameters)
      if (schema.example !== undefined) expect([name, complaints(schema, schema.example)]).toEqual([name, null])
    if (requestBody === undefined) return
    const example = exampleOf(document, requestBody.content)
    expect(example).toBeDefined()
    for (const { schema } of Object.values(requestBody.content)) expect(complaints(schema, example)).toBeNull()
  })

  test('has an example of its answer, which its schema takes', () => {
    const good = answers.filter(([status]) => status.startsWith('2'))
    expect(good.length).toBeGreaterThan(0)
    for (const [, { content = {} }] of good) {
      const example = exampleOf(document, content)
      expect(example !== undefined).toBe(Object.keys(content).length > 0)
      for (const { schema } of Object.values(content)) expect(complaints(schema, example)).toBeNull()
    }
  })

  test('says which problems it has, and with which headers', () => {
    const statuses = answers.map(([status]) => status)
    const always = ['400', '401', '403', '422', '429', '500', '502', '503', ...(requestBody === undefined ? [] : ['413', '415'])]
    expect(statuses).toEqual(expect.arrayContaining([...always, 'default']))
    for (const [status, { description, headers: its = {}, content = {} }] of answers) {
      const names = Object.keys(its)
      expect([status, names]).toEqual([status, expect.arrayContaining(['X-Request-Id'])])
      if (status === '401') expect(names).toContain('WWW-Authenticate')
      if (['429', '503'].includes(status)) expect(names).toContain('Retry-After')
      if (status >= '400' && status !== 'default') {
        expect(Object.keys(content)).toEqual(['application/problem+json'])
        const codes = [...description.matchAll(/`(\w+)`/g)].map(([, code]) => CODES[code as keyof typeof CODES].status)
        expect(new Set(codes)).toEqual(new Set([Number(status)]))
      }
    }
  })
})

test('each schema’s example is one of it, and so is each header’s', () => {
  const shown = Object.entries(schemas).filter(([, { example }]) => example !== undefined)
  expect(shown.length).toBeGreaterThan(5)
  for (const [name, schema] of shown) expect([name, complaints(schema, schema.example)]).toEqual([name, null])
  const declared: Readonly<Record<string, Header>> = headers
  for (const [name, { schema, example }] of Object.entries(declared)) expect([name, complaints(schema, example)]).toEqual([name, null])
  expect(Object.keys(responses).every((name) => /^Problem4\d\d$|^Problem5\d\d$/.test(name))).toBe(true)
})

test('an example that shows too much is noticed, and one with a wrong value', () => {
  const { Deployment: schema = {} } = schemas
  const example = schema.example as object
  expect(complaints(schema, { ...example, former: 1 })).toContain('additional properties')
  expect(complaints(schema, { ...example, endedAt: 'yesterday' })).toContain('date-time')
})
