import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { STATUS_CODES } from 'node:http'
import { posix } from 'node:path'
import { describe, expect, test } from 'vitest'
import { commands } from '../../src/bot/commands/index.ts'
import { LIMITS } from '../../src/deploy/limits.ts'
import { WHO } from '../../src/deploy/words.ts'
import { CODES } from '../../src/errors.ts'
import type { Code } from '../../src/errors.ts'
import { anchor } from '../../src/runtime/docs-render.ts'
import { VARIABLES } from '../../src/settings.ts'

// Documents say what is so, or these tests fail.

const at = (path: string): URL => new URL(`../../${path}`, import.meta.url)
const read = (path: string): string => readFileSync(at(path), 'utf8')
const files = [
  ...readdirSync(at('.')).filter((name) => name.endsWith('.md')),
  ...readdirSync(at('docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]

const variablesIn = (text: string): string[] => [...text.matchAll(/^#? ?([A-Z][A-Z_]+)=/gm)].map(([, name = '']) => name)
/** What a Worker has beside them. */
const WORKERS = variablesIn(read('.dev.vars.example'))

/** Without fenced blocks. */
const proseOf = (path: string): string => read(path).replace(/^```[^]*?^```$/gm, '')
const spansOf = (path: string): string[] => [...proseOf(path).matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span)

function anchorsOf(path: string): Set<string> {
  const taken = new Map<string, number>()
  const headings = [...proseOf(path).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) => heading.replaceAll('`', ''))
  return new Set(headings.map((heading) => anchor(heading, taken)))
}

describe.each(files)('%s', (file) => {
  test('its links lead to files and headings that exist', () => {
    const links = [...proseOf(file).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link).filter((link) => !/^https?:/.test(link))
    const broken = links.filter((link) => {
      const [path = '', fragment] = link.split('#')
      const target = path === '' ? file : posix.join(posix.dirname(file), path)
      return !existsSync(at(target)) || (fragment !== undefined && !anchorsOf(target).has(fragment))
    })
    expect(broken).toEqual([])
  })

  test('the files and folders that it names exist', () => {
    const named = spansOf(file).flatMap((span) => span.match(/(?<![\w./-])(?:src|test|docs|fixtures)\/[\w./-]*/g) ?? [])
    expect(named.filter((path) => !existsSync(at(path)))).toEqual([])
  })

  test('what it says to stand in a file stands there', () => {
    const pairs = [...proseOf(file).matchAll(/`(?:journal\.)?([A-Za-z_#]+)`\s(?:in |\()`((?:src|test)\/[\w./-]+\.ts)`/g)]
    const missing = pairs.filter(([, name = '', path = '']) => existsSync(at(path)) && !new RegExp(`(?<!\\w)${name}\\b`).test(read(path)))
    expect(missing.map(([pair]) => pair)).toEqual([])
  })

  test('the codes and variables that it names exist', () => {
    const names = spansOf(file).filter((span) => /^[A-Z]+(?:_[A-Z]+)+$/.test(span))
    expect(names.filter((name) => !(name in CODES) && !(VARIABLES as readonly string[]).includes(name) && !WORKERS.includes(name))).toEqual([])
  })

  test('the npm scripts that it names exist', () => {
    const named = [...read(file).matchAll(/npm run ([a-z:]+)/g)].map(([, name = '']) => name)
    expect(named.filter((name) => !(name in scripts))).toEqual([])
  })

  test('it names no place of the machine that it was written on', () => {
    expect(read(file).match(/(?<![\w.])\/(?:work|tmp|home|root|Users)\//g)).toBeNull()
  })
})

const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }

test('README.md names every npm script', () => {
  const text = read('README.md')
  const missing = Object.keys(scripts).filter((name) => !text.includes(['test', 'start'].includes(name) ? `npm ${name}` : `npm run ${name}`))
  expect(missing).toEqual([])
})

describe('.env.example', () => {
  const blocks = read('.env.example').split(/\n{2,}/)

  test('has every setting that is read, and no other', () => {
    expect(variablesIn(read('.env.example')).toSorted()).toEqual([...VARIABLES].toSorted())
  })

  test('explains each of them', () => {
    const unexplained = blocks.filter((block) => variablesIn(block).length > 0 && !/^# \S+ \S+/m.test(block))
    expect(unexplained).toEqual([])
  })
})

test.each(Object.keys(CODES) as Code[])('%s has a status that an HTTP answer can have, and one that says whether to ask again', (code) => {
  const { status, retryable } = CODES[code]
  expect(STATUS_CODES[status]).toBeDefined()
  expect(status).toBeGreaterThanOrEqual(400)
  if (retryable) expect([429, 503, 504]).toContain(status)
})

describe('docs/troubleshooting.md', () => {
  const sections = read('docs/troubleshooting.md').split(/^## /m).slice(1)
  const section = (code: string): string => sections.find((text) => text.startsWith(`${code}\n`)) ?? ''

  test('has a heading for every code, once, and no other', () => {
    expect(sections.map((text) => text.split('\n')[0] ?? '').toSorted()).toEqual(Object.keys(CODES).toSorted())
  })

  test.each(Object.keys(CODES) as Code[])('%s: who can fix it, and more than a sentence', (code) => {
    const { who, retryable } = CODES[code]
    const [, line = '', ...rest] = section(code).split(/\n{2,}/)
    expect(line).toBe(`Who can fix it: ${WHO[who]}.${retryable ? ' Asking again later may help.' : ''}`)
    expect(rest.join('\n').length).toBeGreaterThan(120)
  })

  test('lists every code at its top', () => {
    const [top = ''] = read('docs/troubleshooting.md').split(/^## /m)
    expect(Object.keys(CODES).filter((code) => !top.includes(`[${code}](#${code.toLowerCase()})`))).toEqual([])
  })
})

describe('docs/commands.md', () => {
  const text = read('docs/commands.md')

  test.each(commands)('/$name has a section with its usage', ({ name, usage }) => {
    const section = text.split(/^## /m).find((part) => part.startsWith(`/${name}\n`)) ?? ''
    for (const line of usage) expect(section).toContain(`\n${line}\n`)
  })

  test('lists every command at its top', () => {
    const [top = ''] = text.split(/^## /m)
    expect(commands.map(({ name }) => name).filter((name) => !top.includes(`[\`/${name}\`](#${name.replaceAll(' ', '-')})`))).toEqual([])
  })

  test.each(commands)('/$name has its options and its examples there', ({ name, options, examples }) => {
    const section = text.split(/^## /m).find((part) => part.startsWith(`/${name}\n`)) ?? ''
    expect(options.filter((option) => !section.includes(`--${option}`))).toEqual([])
    expect(examples.length).toBeGreaterThan(0)
  })
})

test('docs/decisions/ are numbered without gaps, and each says context, decision and consequences', () => {
  const names = readdirSync(at('docs/decisions')).toSorted()
  expect(names.map((name) => Number(name.slice(0, 4)))).toEqual(names.map((_, index) => index + 1))
  for (const name of names) {
    const text = read(`docs/decisions/${name}`)
    expect(text.startsWith(`# ${name.slice(0, 4)} `), name).toBe(true)
    expect(
      [...text.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading),
      name,
    ).toEqual(['Context', 'Decision', expect.any(String), 'Consequences'])
  }
})

test('docs/operating.md has every limit with its number', () => {
  const rows = [...read('docs/operating.md').matchAll(/^\| `(\w+)` \| .* \| (\d+) \|$/gm)].map(([, name, burst]) => [name, Number(burst)])
  expect(rows).toEqual(Object.entries(LIMITS).map(([name, { burst }]) => [name, burst]))
  expect(Object.values(LIMITS).every(({ per }) => per === 60_000)).toBe(true)
})
