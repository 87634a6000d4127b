import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { readOperatorFile } from '../../src/config/operator-file.ts'
import { Secret } from '../../src/secret.ts'
import { exchanges, families } from '../../src/registry/forms.ts'
import { keychainFor, keychains } from '../../src/registry/keychains/index.ts'

const file = new URL('../../docs/registries.md', import.meta.url)
const text = readFileSync(file, 'utf8')

const code = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ')

/** One row for each keychain, from what it says of itself. */
function table(): string {
  const rows = keychains.map(({ name, title, hosts, exchange, grant }) => {
    const fields = Object.entries(exchange?.fields ?? {}).map(([field, kind]) => field + (kind.endsWith('?') ? '?' : ''))
    const cells = [
      title,
      hosts.length === 0 ? 'your own hosts' : code(hosts),
      code([name]),
      exchange ? code([exchange.key]) : '–',
      code(fields) || '–',
      grant,
    ]
    return `| ${cells.join(' | ')} |`
  })
  return ['| registry | serves | `family` | key | fields (`?` may be left out) | grant |', '| --- | --- | --- | --- | --- | --- |', ...rows].join(
    '\n',
  )
}

const MARKED = /(?<=<!-- keychains -->\n)[^]*?(?=<!-- \/keychains -->)/

test('the table says what the keychains say (GANTRY_WRITE_DOCS=1 writes it)', () => {
  if (process.env['GANTRY_WRITE_DOCS'] === '1')
    writeFileSync(
      file,
      text.replace(MARKED, () => `\n${table()}\n\n`),
    )
  expect(MARKED.exec(readFileSync(file, 'utf8'))?.[0].trim()).toBe(table())
})

const sections = text.split(/^## /m).slice(1)
const particular = keychains.filter(({ name }) => name !== 'generic')

test.each(particular)('$title has a section: an example, what goes wrong, known limits', ({ title }) => {
  const section = sections.find((one) => one.startsWith(`${title}\n`)) ?? ''
  for (const part of ['```yaml gantry.yml', '**When it goes wrong.**', '**Known limits.**']) expect(section).toContain(part)
})

/** Without marks and line ends, and with one kind of apostrophe. */
const plain = (markdown: string): string =>
  markdown
    .replaceAll(/[`*](?=\S)|(?<=\S)[`*]/g, '')
    .replaceAll('’', "'")
    .replaceAll(/\s+/g, ' ')

test.each(particular)('$title: its section begins with what the guided form says to make', ({ title, make }) => {
  const section = sections.find((one) => one.startsWith(`${title}\n`)) ?? ''
  for (const sentence of make.split(/(?<=\.) (?=[A-Z])/)) expect(plain(section)).toContain(plain(sentence))
})

describe('the examples', () => {
  const examples = [...text.matchAll(/^```yaml gantry\.yml\n([^]*?)^```$/gm)].map(([, yaml = '']) => yaml)

  test.each(examples)('%s', (yaml) => {
    const read = readOperatorFile(yaml, new Map(), () => 'secret', { exchanges, families })
    expect('problem' in read ? read.problem : null).toBeNull()
    if ('problem' in read) return
    for (const { holds, registry, family } of read.operator.credentials.values()) {
      if (holds.kind !== 'exchange') continue
      const own = JSON.stringify({ type: 'service_account', client_email: 'x', private_key: 'x' })
      const given = holds.key === 'google' ? { ...holds.given, service_account: new Secret(own) } : holds.given
      expect(keychainFor(registry, family).exchange?.check?.(given, registry)).toBeNull()
    }
  })

  test('show every form of credential', () => {
    const forms = [...exchanges.map(({ key }) => key), 'username', 'password', 'identity_token', 'docker_config', 'expires', 'family']
    expect(forms.filter((form) => !examples.some((yaml) => new RegExp(`\\b${form}:`).test(yaml)))).toEqual([])
  })
})
