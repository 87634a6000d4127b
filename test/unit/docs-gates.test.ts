import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { WaitReason } from '../../src/deploy/deployment.ts'
import { gates } from '../../src/deploy/gates/index.ts'
import { CODES, type Code } from '../../src/errors.ts'

// The table in docs/gates.md says what the gates do, or these tests fail.

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

interface Row {
  readonly gate: string
  readonly codes: readonly string[]
  readonly who: readonly string[]
  readonly waits: readonly string[]
  readonly skippedBy: readonly string[]
}

const list = (cell = ''): string[] => cell.split(',').map((word) => word.trim()).filter((word) => word !== '') // prettier-ignore

const rows: readonly Row[] = [...read('docs/gates.md').matchAll(/^\| (?!gate |---)(.+) \|$/gm)].map(([, line = '']) => {
  const [gate = '', , codes, who, waits, skippedBy] = ` ${line} `.split('|').map((cell) => cell.trim())
  return { gate, codes: list(codes), who: list(who), waits: list(waits), skippedBy: list(skippedBy) }
})

/** A gate's own file, by its name, with the question that other parts of the engine ask too. */
const files = readdirSync(new URL('../../src/deploy/gates/', import.meta.url)).map((name) => read(`src/deploy/gates/${name}`))
const sourceOf = (gate: string): string => {
  const text = files.find((one) => one.includes(`  name: '${gate}',\n`)) ?? ''
  const shared = [...text.matchAll(/from '\.\.\/(may-\w+|locked)\.ts'/g)].map(([, file]) => read(`src/deploy/${file}.ts`))
  return [text, ...shared].join('\n')
}

test('the table has the gates in their order', () => expect(rows.map(({ gate }) => gate)).toEqual(gates.map(({ name }) => name)))

describe.each(rows)('$gate', ({ gate, codes, who, waits, skippedBy }) => {
  test('says these codes and no others', () => {
    const said = new Set([...sourceOf(gate).matchAll(/new Refusal\('([A-Z_]+)'/g)].map(([, code = '']) => code))
    expect(codes.length).toBeGreaterThan(0)
    expect(codes.toSorted()).toEqual([...said].toSorted())
  })

  test('can be put right by these', () => {
    expect(who.toSorted()).toEqual([...new Set(codes.map((code) => CODES[code as Code].who))].toSorted())
  })

  test('waits for this', () => {
    const said = [...sourceOf(gate).matchAll(/reason: '([a-z]+)'/g)].map(([, reason = '']) => reason as WaitReason)
    expect(waits).toEqual([...new Set(said)])
  })

  test('is set aside by these', () => expect(skippedBy).toEqual(gates.find(({ name }) => name === gate)?.skippedBy))
})
