import { buildSchema, parse as parseGraphql, TypeInfo, visit, visitWithTypeInfo } from 'graphql'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { factsDocument } from '../../src/bot/facts-query.ts'
import { EVENTS } from '../../src/bot/intake.ts'
import { permissions } from '../world/github/contract.ts'
import { api, fixture, resolve } from '../world/github/description.ts'
import { sources, textOf } from './house.ts'

/** `app.yml` asks every account for these; the lists in `fixtures/` say what each call needs. One must follow from the other. */
const { default_permissions: granted, default_events: events } = parse(textOf('app.yml')) as {
  default_permissions: Record<string, string>
  default_events: string[]
}

/** Asked for now and used by a feature to come: adding one later needs the consent of every installation. */
const LATER_PERMISSIONS: Readonly<Record<string, string>> = {}
const LATER_EVENTS: Readonly<Record<string, string>> = {
  deployment: 'workflows that our own Deployments start, said before the first one',
}
/** Sent to every App, asked for or not. */
const SENT_ANYWAY: ReadonlySet<string> = new Set(['installation', 'installation_repositories'])
/** For `auto: { package: published }`, where an account adds them, and the permission `packages: read`, to its own App. */
const OPTIONAL: ReadonlySet<string> = new Set(['registry_package', 'package'])
/** Without it GitHub does not let an App ask for the event: https://docs.github.com/webhooks/webhook-events-and-payloads */
const EVENT_NEEDS: Readonly<Record<string, string>> = {
  ...{ check_run: 'checks', check_suite: 'checks', deployment: 'deployments', issue_comment: 'issues', issues: 'issues' },
  ...{ pull_request: 'pull_requests', pull_request_review: 'pull_requests', push: 'contents', status: 'statuses' },
}

const all = sources.map(textOf).join('\n')
const operations = [...fixture('github-operations.txt').matchAll(/^([A-Z]+ \S+) .*?( test)?$/gm)].map(([, name = '', test]) => ({
  name,
  isCalled: test === undefined,
}))
const called = operations.filter(({ isCalled }) => isCalled).map(({ name }) => name)

/** `Repository.object`: every field of GitHub's schema that a document in the code selects. */
function asked(): ReadonlySet<string> {
  const types = new TypeInfo(buildSchema(fixture('github.graphql'), { assumeValid: true }))
  // One is put together: here with everything that it can ask for.
  const whole = [...all.matchAll(/`(query (?:[^`$]|\$(?!\{))+)`/g)].map(([, document = '']) => document)
  expect(whole).toHaveLength(4)
  const documents = [...whole, factsDocument(1, 1, 1)]
  const found = new Set<string>()
  const note = (): void => void found.add(`${types.getParentType()?.name}.${types.getFieldDef()?.name}`)
  for (const document of documents) visit(parseGraphql(document), visitWithTypeInfo(types, { Field: note }))
  return new Set([...found].filter((name) => !name.endsWith('.__typename')))
}

/** The mutations are put together from the names in one table. */
const mutations = [...textOf('src/bot/batch.ts').matchAll(/^ {2}(\w+): '\w+Input',$/gm)].map(([, field = '']) => `Mutation.${field}`)

/** `checks:write` → each call that needs it; of alternatives both, because either kind of thread has its own. */
function needed(): ReadonlyMap<string, string[]> {
  const rest = permissions('github-operations.txt')
  const graphql = permissions('github-graphql.txt')
  const needs = [
    ...called.map((name) => [name, rest.get(name)] as const),
    ...[...asked(), ...mutations].map((name) => [name, graphql.get(name)] as const),
  ]
  const found = new Map<string, string[]>()
  for (const [name, levels] of needs) {
    expect(levels, `${name} is in no list`).toBeDefined()
    for (const level of levels ?? []) if (level.includes(':')) found.set(level, [...(found.get(level) ?? []), name])
  }
  return found
}

const grants = (level: string): boolean => {
  const [name = '', wanted] = level.split(':')
  return granted[name] === wanted || (granted[name] === 'write' && wanted === 'read')
}

describe('the REST operations in the list', () => {
  test('are named in the code, unless they are marked as the tests’ own', () => {
    const named = [
      ...all.matchAll(
        /\b(?:GET|POST|PUT|PATCH|DELETE) \/(?:repos|app|app-manifests|applications|orgs|users|user|installation)(?:\/[\w{}/-]+)?(?![\w-])/g,
      ),
    ].map(([route]) => route)
    expect([...new Set(named)].toSorted()).toEqual(called.toSorted())
  })

  test('are written once', () => {
    expect(new Set(operations.map(({ name }) => name)).size).toBe(operations.length)
  })
})

describe('app.yml', () => {
  test('grants what every call needs', () => {
    const missing = [...needed()].filter(([level]) => !grants(level))
    expect(missing).toEqual([])
  })

  test('grants nothing that no call needs, but for what a later feature uses', () => {
    const levels = [...needed().keys(), 'metadata:read', ...Object.keys(LATER_PERMISSIONS).map((name) => `${name}:read`)]
    const idle = Object.entries(granted).filter(([name, level]) => !levels.includes(`${name}:${level}`))
    expect(idle).toEqual([])
  })

  test('what is called later is not needed yet: otherwise it leaves that list', () => {
    const now = new Set([...needed().keys()].map((level) => level.split(':')[0]))
    expect(Object.keys(LATER_PERMISSIONS).filter((name) => now.has(name) || granted[name] === undefined)).toEqual([])
  })

  test('uses the names and levels that GitHub knows', () => {
    const described: { $ref?: string; properties?: Record<string, { enum: string[] }> } = { $ref: '#/components/schemas/app-permissions' }
    const known = resolve(described, api).properties
    const unknown = Object.entries(granted).filter(([name, level]) => !known?.[name]?.enum.includes(level))
    expect(unknown).toEqual([])
  })

  test('asks for the events that are read, and else only for those of later features', () => {
    const read = new Set(EVENTS.map((event) => event.split('.')[0] ?? ''))
    const asked = [...read].filter((event) => !SENT_ANYWAY.has(event) && !OPTIONAL.has(event))
    expect(events).toEqual([...asked, ...Object.keys(LATER_EVENTS)].toSorted())
  })

  test('has for each event the permission without which GitHub refuses it', () => {
    expect(events.filter((event) => granted[EVENT_NEEDS[event] ?? ''] === undefined)).toEqual([])
  })
})
