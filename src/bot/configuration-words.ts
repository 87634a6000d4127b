import type {
  CompareConfigurations,
  ConfigurationFile,
  ConfigurationFinding,
  ConfigurationVerdict,
  PermissionChange,
} from '../deploy/configuration-check.ts'
import type { HeadCheck } from '../deploy/journal.ts'
import { problem } from '../errors.ts'
import { codeLink, MARKS, plain, type Links } from './comments.ts'
import type { ConfigurationChange } from './configuration-change.ts'
import { code, prose } from './markdown.ts'
import type { Shown } from './projection.ts'

/** The check run on a pull request that changes the configuration: GraphQL's input, but for its ids. */
export function configurationCheck(
  { key, repository, createdAt }: HeadCheck,
  change: ConfigurationChange,
  compare: CompareConfigurations,
  { docs }: Pick<Links, 'docs'>,
): Shown['input'] {
  const at = new Date(createdAt).toISOString()
  return {
    name: `Gantry: ${change.file.replace('.github/', '')}`,
    externalId: key,
    ...(docs !== null && { detailsUrl: `${docs}/configuration#the-check-on-pull-requests` }),
    status: 'COMPLETED',
    startedAt: at,
    completedAt: at,
    ...(change.after === null ? deleted(change) : judged(change, verdictOf(change, repository.name, compare), { docs })),
  }
}

type Judgement = { readonly conclusion: string; readonly output: Shown['input'] }

function verdictOf({ file, before, after }: ConfigurationChange, name: string, compare: CompareConfigurations): ConfigurationVerdict {
  if (after?.text != null) return compare(before, after.text, name, file)
  const unreadable = {
    code: 'CONFIGURATION_INVALID',
    line: 1,
    column: 1,
    path: '',
    message: 'The file is no text.',
    found: null,
    wanted: null,
  } as const
  return { findings: [unreadable], more: 0, changes: [], former: 'missing' }
}

const judged = (change: ConfigurationChange, verdict: ConfigurationVerdict, links: Pick<Links, 'docs'>): Judgement =>
  verdict.findings.length > 0 ? broken(change, verdict, links) : valid(change, verdict)

/** What is so once the file is gone, and what it stops while it is broken. */
const WITHOUT: Readonly<Record<ConfigurationFile, { readonly gone: string; readonly deleted: string; readonly stops: string }>> = {
  '.github/deploy.yml': {
    gone: 'nothing can be deployed from this repository',
    deleted: 'Deleted: nothing could be deployed any more',
    stops: 'every deployment',
  },
  '.github/deploy-defaults.yml': {
    gone: "the account demands nothing besides each repository's own file",
    deleted: 'Deleted: the account would demand nothing any more',
    stops: 'every deployment of the account',
  },
}

function deleted(change: ConfigurationChange): Judgement {
  const { file, defaultBranch } = change
  const { gone, deleted: title } = WITHOUT[file]
  const summary = `${MARKS.unknown} ${code(file)} is deleted here. Once it is gone from ${code(defaultBranch)}, ${gone}.`
  return { conclusion: 'NEUTRAL', output: { title, summary: paragraphs(summary, elsewhere(change)) } }
}

function broken(change: ConfigurationChange, { findings, more }: ConfigurationVerdict, links: Pick<Links, 'docs'>): Judgement {
  const count = findings.length + more
  const problems = count === 1 ? '1 problem' : `${count} problems`
  const { lines, left } = asManyAsFit(findings, ({ line, column, message }) => `* Line ${line}, column ${column}: ${prose(message)}`)
  const [first] = findings
  const next = [
    `- **Next:** correct it here; ${code(`gantry config check ${change.file}`)} says the same before a push`,
    ...(first === undefined ? [] : [`- **Code:** ${codeLink(problem(first.code, { sentence: '', next: '' }), links)}`]),
  ]
  const summary = paragraphs(
    `${MARKS.refused} ${code(change.file)} is not valid: ${problems}. On ${code(change.defaultBranch)} it would stop ${WITHOUT[change.file].stops}.`,
    lines.join('\n'),
    andMore(left + more),
    next.join('\n'),
    elsewhere(change),
  )
  return {
    conclusion: 'FAILURE',
    output: { title: `Not valid: ${problems}`, summary, annotations: findings.map((finding) => annotation(change.file, finding)) },
  }
}

/** GitHub takes 65,535 characters; what stands around the lines, and a longer word where a secret was, need the rest. */
const MOST_CHARACTERS = 50_000

/** Nothing but the room decides how many: whoever wants a line unread only has to write enough before it. */
function asManyAsFit<T>(all: readonly T[], words: (one: T) => string): { readonly lines: readonly string[]; readonly left: number } {
  const lines: string[] = []
  let room = MOST_CHARACTERS
  for (const one of all) {
    const line = words(one)
    room -= line.length + 1
    if (room < 0) break
    lines.push(line)
  }
  return { lines, left: all.length - lines.length }
}

const andMore = (left: number): string => (left === 0 ? '' : `And ${left} more.`)

/** Plain text on GitHub, of a stranger's file: nothing in it that cannot be seen. */
function annotation(file: ConfigurationFile, { line, column, path, message, found, wanted }: ConfigurationFinding): Shown['input'] {
  const facts = Object.entries({ Found: found, Wanted: wanted }).filter(([, fact]) => fact !== null && !message.includes(fact))
  const lines = [message, ...facts.map(([word, fact]) => `${word}: ${fact}`)]
  return {
    path: file,
    annotationLevel: 'FAILURE',
    location: { startLine: line, endLine: line, startColumn: column, endColumn: column },
    title: plain([path === '' ? file : path], 200),
    message: lines.map((text) => plain([text], 1_000)).join('\n'),
  }
}

const HEADINGS: Readonly<Record<PermissionChange['direction'], string>> = {
  looser: 'Looser: more may happen than before',
  different: 'Different',
  stricter: 'Stricter: less may happen than before',
}
const DIRECTIONS = Object.keys(HEADINGS) as readonly PermissionChange['direction'][]

/** Fifty names of who may deploy and fifty of who may approve fit: the sentences are bounded where they are made, and none is cut here. */
const LONGEST_SENTENCE = 10_000

function valid(change: ConfigurationChange, { changes, former }: ConfigurationVerdict): Judgement {
  const { lines, left } = asManyAsFit(changes, ({ sentence }) => `* ${prose(sentence, LONGEST_SENTENCE)}`)
  const groups = DIRECTIONS.map((direction) => {
    const its = lines.filter((_, index) => changes[index]?.direction === direction)
    return its.length === 0 ? '' : paragraphs(`**${HEADINGS[direction]}**`, its.join('\n'))
  })
  const summary = paragraphs(
    `${MARKS.done} ${code(change.file)} is valid. It counts once it stands on ${code(change.defaultBranch)}.`,
    former === 'valid' ? '' : `${former === 'missing' ? 'There was none before' : 'What stood there before was not valid'}, so all of it is new.`,
    ...(changes.length === 0 ? ["It changes nobody's permissions."] : groups),
    left === 0 ? '' : `**${left} more did not fit here.** ${code(`gantry config check ${change.file} --against`)} says all of them.`,
    elsewhere(change),
  )
  if (left === 0) return { conclusion: 'SUCCESS', output: { title: `Valid: ${titleOf(changes)}`, summary } }
  return { conclusion: 'NEUTRAL', output: { title: `Valid, but not everything is shown: ${titleOf(changes)}`, summary } }
}

function titleOf(changes: readonly PermissionChange[]): string {
  const counts = DIRECTIONS.map((direction) => [changes.filter((change) => change.direction === direction).length, direction] as const)
  const counted = counts.filter(([count]) => count > 0).map(([count, direction]) => `${count} ${direction}`)
  return counted.length === 0 ? 'no permission changes' : counted.join(', ')
}

const elsewhere = ({ base, defaultBranch }: ConfigurationChange): string =>
  base === defaultBranch ? '' : `This pull request goes to ${code(base)}: until its file reaches ${code(defaultBranch)}, nothing changes.`

const paragraphs = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join('\n\n')
