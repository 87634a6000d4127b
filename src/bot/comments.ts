import type { Problem } from '../errors.ts'
import { hasEnded, type Deployment, type Door, type Verdict } from '../deploy/deployment.ts'
import type { Plan } from '../deploy/plan.ts'
import { headline, steps, summary, WHO, type Headline, type Mark, type StepWords, type Word } from '../deploy/words.ts'
import { capital, shortCommit, utc } from '../deploy/wording.ts'
import { code, fenced, link, mention, prose } from './markdown.ts'

/** Addresses that the words link to. */
export interface Links {
  /** Where this version serves its documentation, without a slash at the end; null where people cannot reach it. */
  readonly docs: string | null
  /** The public origin, under which every deployment has its page; null where there are no pages. */
  readonly pages: string | null
}

export const pageOf = (id: string, pages: string): string => `${pages}/d/${id}`

/** The whole comment about a deployment: what became of the command, the steps, the problem, the log's end. `former`: what ran before. */
export function deploymentComment(deployment: Deployment, links: Links, former: Plan | null = null): string {
  return bounded([report(deployment, links, 'mentions', former), logBlock(deployment), footer(deployment, links), marker(deployment.id)])
}

export const answerComment = (key: string, markdown: string): string => bounded([markdown, answerMarker(key)])

/** Invisible; with our own authorship it finds a comment again whose answer was lost. */
export const marker = (id: string): string => `<!-- gantry:deployment ${id} -->`
export const answerMarker = (key: string): string => `<!-- gantry:answer ${key.replaceAll(/[<>]/g, '_')} -->`

/** The comment without its frame: what a check run says too. */
export function report(deployment: Deployment, links: Links, people: 'mentions' | 'names' = 'names', former: Plan | null = null): string {
  const lead = `${inWords(headline(deployment, former), people)}${openLink(deployment)}`
  const parts = [lead, waitBlock(deployment), problemBlock(deployment.problem, links), stepList(steps(deployment)), skipBlock(deployment)]
  return parts.filter((part) => part !== '').join('\n\n')
}

/** The first line alone, in the middle of another text; notifies nobody. */
export const sentence = (deployment: Deployment): string => inWords(headline(deployment))

export const inWords = ({ mark, words }: Headline, people: 'mentions' | 'names' = 'names'): string =>
  `${MARKS[mark]} ${words.map((word) => inMarkdown(word, people)).join('')}`

/** Why a deployment has not simply succeeded: the problem or the wait, and what every rule said. */
export function explained(deployment: Deployment, links: Links): string {
  const { verdicts, problem } = deployment
  const rules = verdicts.length === 0 ? 'No rule was asked: it did not come that far.' : verdictList(verdicts)
  return [sentence(deployment), waitBlock(deployment), problemBlock(problem, links), rules, origins(deployment, links).join(' · ')]
    .filter((part) => part !== '')
    .join('\n\n')
}

/** What each rule said, a line each. */
export const verdictList = (verdicts: readonly Verdict[]): string =>
  verdicts.map(({ gate, outcome, sentence: words }) => `* ${MARKS[OUTCOMES[outcome]]} ${capital(gate)}: ${prose(words, LONGEST_NOTE)}`).join('\n')

export const folded = (summary: string, inner: string): string =>
  ['<details>', `<summary>${summary}</summary>`, '', inner, '', '</details>'].join('\n')

/** A problem as an answer of its own: unknown command, broken configuration. */
export const problemComment = (problem: Problem, links: Pick<Links, 'docs'>): string =>
  [`${MARKS.refused} ${prose(problem.sentence)}`, problemDetails(problem, links)].join('\n\n')

/** Words without markup, for titles and descriptions; at most `longest` characters. */
export function plain(words: readonly Word[], longest: number): string {
  const text = words
    .map((word) => (typeof word === 'string' ? word : Object.values(word).join('')))
    .join('')
    .replace(/[^\P{C}]|[\p{Zl}\p{Zp}]/gu, '\ufffd')
  return text.length <= longest ? text : `${text.slice(0, longest - 1).replace(/[\ud800-\udbff]$/, '')}…`
}

export const checkTitle = (deployment: Deployment): string => plain(headline(deployment).words, 200)

/** GitHub takes at most 140 characters. */
export const statusDescription = (deployment: Deployment): string => plain(summary(deployment), 140)

export const MARKS: Record<Mark, string> = {
  running: '⏳',
  waiting: '🚦',
  done: '✅',
  failed: '❌',
  refused: '🚫',
  skipped: '⏭️',
  unknown: '❔',
}

/** At most 20 lines of the log's end, folded; nothing where the log is empty. */
export function logBlock({ log }: Deployment): string {
  if (log.length === 0) return ''
  const shown = log.slice(-LOG_LINES)
  return folded(log.length > shown.length ? `Last ${shown.length} of ${log.length} log lines` : 'Log', fenced(shown))
}

const LOG_LINES = 20
const LONGEST_COMMENT = 65_536

function inMarkdown(word: Word, people: 'mentions' | 'names'): string {
  if (typeof word === 'string') return word
  if ('person' in word) return person(word.person)
  if ('mention' in word) return people === 'mentions' ? mention(word.mention) : person(word.mention)
  if ('place' in word) return `**${code(word.place)}**`
  return 'name' in word ? code(word.name) : prose(word.prose)
}

/** Somebody's name, which notifies nobody. */
export const person = (login: string): string => `**${mention(login).replace(/^@/, '')}**`

function openLink({ state, plan }: Deployment): string {
  if (state !== 'success' || plan?.url == null) return ''
  const shown = link('Open it', plan.url)
  return shown === 'Open it' ? '' : ` ${shown}`
}

/** What it waits for, until when, and what there is to do about it. */
function waitBlock({ id, wait }: Deployment): string {
  if (wait === null) return ''
  const next =
    wait.reason === 'approval'
      ? `whoever may approve it types ${code(`/approve ${id}`)}, or ${code(`/reject ${id}`)} with a reason`
      : `nothing: it goes on by itself; ${code(`/cancel ${id}`)} ends it`
  return `**Waits:** ${prose(wait.sentence)} It is given up at ${utc(wait.until)}.\n\n- **Next:** ${next}`
}

/** A rollback and an override set rules aside: which, and which not. */
function skipBlock({ verdicts }: Deployment): string {
  const skipped = verdicts.filter(({ outcome }) => outcome === 'skipped').length
  if (skipped === 0) return ''
  const asked = verdicts.length - skipped
  return folded(`${skipped === 1 ? '1 rule was' : `${skipped} rules were`} not asked, ${asked} as always`, verdictList(verdicts))
}

const OUTCOMES: Record<Verdict['outcome'], Mark> = { passed: 'done', waits: 'waiting', refused: 'refused', skipped: 'skipped' }

export const problemBlock = (problem: Problem | null, links: Pick<Links, 'docs'>): string =>
  problem === null ? '' : [`**Why:** ${prose(problem.sentence)}`, problemDetails(problem, links)].join('\n\n')

/** Found, wanted, next, who and the code: the second half of whatever says no. */
export function problemDetails(problem: Problem, links: Pick<Links, 'docs'>): string {
  return [
    ...(problem.found === undefined ? [] : [`- **Found:** ${code(problem.found, LONGEST_FACT)}`]),
    ...(problem.wanted === undefined ? [] : [`- **Wanted:** ${code(problem.wanted, LONGEST_FACT)}`]),
    `- **Next:** ${prose(problem.next)}`,
    `- **Who can put this right:** ${WHO[problem.who]}`,
    `- **Code:** ${codeLink(problem, links)}`,
  ].join('\n')
}

export function codeLink({ code: name }: Problem, { docs }: Pick<Links, 'docs'>): string {
  const words = `\`${name}\``
  return docs === null ? words : link(words, `${docs}/troubleshooting#${name.toLowerCase()}`)
}

const LONGEST_FACT = 400
const LONGEST_NOTE = 160

const stepList = (all: readonly StepWords[]): string => all.map(stepLine).join('\n')

// An asterisk, because a list of hyphens stands above it: the same mark would make them one.
const stepLine = ({ mark, word, note, took }: StepWords): string =>
  [`* ${MARKS[mark]} ${word}`, ...(note === null || note === '' ? [] : [prose(note, LONGEST_NOTE)]), ...(took === null ? [] : [took])].join(' · ')

const ASKED: Record<Door, string> = {
  comment: 'Asked in a comment',
  label: 'Asked by label',
  button: 'Asked by a button of the check run',
  page: 'Asked on the page',
  api: 'Asked through the API',
  push: 'Begun by a push',
  checks: 'Begun by green checks',
  package: 'Begun by a published image',
  watch: 'Begun because something else ran there',
}

const footer = (deployment: Deployment, links: Links): string =>
  [...origins(deployment, links), ...(hasEnded(deployment.state) ? [] : ['this comment follows it'])].join(' · ')

/** Where it comes from and what it is called. */
function origins({ id, request, plan }: Deployment, { pages }: Links): readonly string[] {
  const asked = request.comment === null ? ASKED[request.door] : `Asked in ${link('this comment', request.comment.url)}`
  const commit = plan === null ? [] : [`commit ${code(shortCommit(plan.commit))}`]
  return [asked, ...commit, `deployment ${pages === null ? code(id) : link(code(id), pageOf(id, pages))}`]
}

/** Every part is bounded, so this is for the case that somebody forgets: the text goes into one block and the marker stays. */
function bounded(parts: readonly string[]): string {
  const text = parts.filter((part) => part !== '').join('\n\n')
  if (text.length <= LONGEST_COMMENT) return text
  return `${fenced(text.slice(0, LONGEST_COMMENT / 2).split('\n')).slice(0, LONGEST_COMMENT - 1_000)}\n\n${parts.at(-1) ?? ''}`
}
