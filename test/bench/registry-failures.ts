// npm exec -- node test/bench/registry-failures.ts > docs/registry-failures.md
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { secretOf } from '../../src/registry/credential.ts'
import { ask } from '../world/registry-failures/ask.ts'
import type { Cause, Question } from '../world/registry-failures/cause.ts'
import { causes } from '../world/registry-failures/index.ts'
import { Lab } from '../world/registry-failures/lab.ts'

const SKOPEO = 'skopeo'
/** What a person waits for before they give up. */
const PATIENCE = 10_000 // ms

/** No proxy of this machine's: everything is on loopback. */
const ALONE = { PATH: process.env['PATH'], HOME: process.env['HOME'] }

interface Row {
  readonly what: string
  readonly skopeo: string
  readonly code: string
  readonly gantry: string
}

/** One cause, seen by both; null where skopeo cannot be asked the same. */
async function compare({ what, happens }: Cause, lab: Lab): Promise<Row | null> {
  const question = await happens(lab)
  if (question.skopeo === null) return null
  const { problem } = await ask(question)
  await lab.calmsDown()
  // Anew for the other: a limit, say, is used up by whoever comes first.
  const again = await happens(lab)
  const skopeo = await askSkopeo(again)
  await lab.calmsDown()
  const plain = (text: string) => named(text, lab, [question.image, again.image, again.skopeo?.image ?? ''])
  if (problem === null) throw new Error(`nothing failed: ${what}`)
  return { what, skopeo: plain(skopeo), code: problem.code, gantry: plain(`${problem.sentence} ${problem.next}`) }
}

function askSkopeo({ image, credential, wants = 'digest', skopeo }: Question): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'skopeo-'))
  const isCopy = wants === 'layers'
  const option = (name: string, value: string) => [`--${isCopy ? 'src-' : ''}${name}${value}`]
  const login =
    typeof credential === 'object' && credential.kind === 'basic' ? option('creds', `=${credential.username}:${secretOf(credential)}`) : []
  const words = skopeo?.words ?? option('tls-verify', '=false')
  const command = isCopy ? ['copy'] : wants === 'platform' ? ['inspect', '--no-tags'] : ['inspect', '--raw']
  const [before, after] = words.includes('--override-arch') ? [words, option('tls-verify', '=false')] : [[], words]
  const from = `docker://${skopeo?.image ?? image}`
  return new Promise((resolve) => {
    const all = [...before, ...command, ...after, ...login, from, ...(isCopy ? [`dir:${folder}`] : [])]
    execFile(SKOPEO, all, { timeout: PATIENCE, env: ALONE }, (error, _out, errors) => {
      rmSync(folder, { recursive: true })
      if (error === null) return resolve('(nothing: it succeeds)')
      if (error.killed === true) return resolve(`(nothing within ${PATIENCE / 1000} s)`)
      resolve(messageIn(errors))
    })
  })
}

/** `time="…" level=fatal msg="…"`: what is in the last one. */
function messageIn(errors: string): string {
  const last = errors.trim().split('\n').at(-1) ?? ''
  const message = /msg="((?:[^"\\]|\\.)*)"/.exec(last)?.[1]
  return message === undefined
    ? last
    : message
        .replaceAll('\\n', ' ')
        .replaceAll('\\"', '"')
        .replace(/^Error parsing image name "[^"]*": /, '')
}

/** Ports, which are others each time, become names. */
function named(text: string, lab: Lab, images: readonly string[]): string {
  const hosts = [...images.map((image) => image.split('/')[0] ?? ''), lab.open.host, lab.basic.host, lab.bearer.host]
  const tokens = new URL(lab.tokens.realm).host
  const plain = hosts.filter((host) => host.includes(':')).reduce((left, host) => left.replaceAll(host, 'registry.example'), text)
  return plain
    .replaceAll(tokens, 'tokens.example')
    .replaceAll(/sha256:([0-9a-f]{6})[0-9a-f]{58}/g, 'sha256:$1…')
    .replaceAll(/127\.0\.0\.1:\d+(->)?/g, '127.0.0.1$1')
    .replaceAll(/(lookup \S+) on [\d.:]+/g, '$1')
    .replaceAll(/20\d\d-\d\d-\d\dT[\d:]+Z/g, '(a time)')
}

/** Foreign text between the bars of a table. */
const cell = (text: string): string =>
  text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[\\`*_[\]<>|]/g, (sign) => `\\${sign}`)
    .trim()

const HEAD = `# What goes wrong at a registry, and what is said of it

Each row is one cause, brought about for real: the CNCF \`docker-registry\` 2.8.2 with and without passwords, tokens and TLS, nginx in front
of it, and a server that says what no registry says on purpose. The same image was asked for with the same login by skopeo
(\`skopeo inspect\`, or \`skopeo copy\` where it is about layers) and by Gantry. The causes stand in \`test/world/registry-failures/\`, and
\`test/contracts/registry-failures.test.ts\` checks each of them, with those that skopeo cannot be asked (what a cloud mints, what a target
can pull, time limits).

This page is written by \`npm exec -- node test/bench/registry-failures.ts > docs/registry-failures.md\`; do not change it by hand. Ports
are replaced by names. skopeo ends with 1 in every row in which it fails, and was given ten seconds. What each code means, and how to look
at it yourself, stands in [troubleshooting.md](troubleshooting.md).
`

/** How often skopeo's words alone, whatever image they are about, leave open which of several codes it is. */
function summary(rows: readonly Row[], version: string): string {
  const words = (row: Row) => row.skopeo.replaceAll(/manifest \S+ in \S+: |registry\.example\S*/g, '')
  const codesOf = (row: Row) => new Set(rows.filter((other) => words(other) === words(row)).map(({ code }) => code))
  const open = rows.filter((row) => codesOf(row).size > 1)
  const most = Math.max(...rows.map((row) => codesOf(row).size))
  const codes = new Set(rows.map(({ code }) => code)).size
  return `${rows.length} causes, to which Gantry gives ${codes} codes. In ${open.length} of them the words of ${version} are those that it has for a cause with another code as well; one text of it stands for ${most} codes.`
}

async function main(): Promise<void> {
  const version = await new Promise<string>((resolve) =>
    execFile(SKOPEO, ['--version'], (_error, out) => resolve(out.trim().replace(' version', ''))),
  )
  const lab = await Lab.opens()
  const rows: Row[] = []
  try {
    for (const cause of causes) {
      const row = await compare(cause, lab)
      if (row) rows.push(row)
      await lab.calmsDown()
    }
  } finally {
    await lab.closes()
  }
  const lines = rows.map(({ what, skopeo, code, gantry }) => `| ${cell(what)} | ${cell(skopeo)} | \`${code}\` ${cell(gantry)} |`)
  console.log([HEAD, `${summary(rows, version)}\n`, '| what goes wrong | skopeo says | Gantry says |', '| --- | --- | --- |', ...lines].join('\n'))
}

await main()
