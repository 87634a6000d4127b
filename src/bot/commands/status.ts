import type { Deployment } from '../../deploy/deployment.ts'
import type { Configuration } from '../../deploy/environment.ts'
import type { EnvironmentStatus } from '../../deploy/status.ts'
import { didYouMean, listed, quoted, shortDigest, utc } from '../../deploy/wording.ts'
import { shortImages } from '../../deploy/words.ts'
import { problem, type Problem } from '../../errors.ts'
import type { Command } from '../command.ts'
import { MARKS, person, sentence } from '../comments.ts'
import { code, link, prose } from '../markdown.ts'
import { readPlace } from '../parse.ts'
import { lockWords } from '../place-words.ts'

export const status: Command = {
  name: 'status',
  summary: 'Says what runs where, who holds what, and who waits',
  phrase: 'what runs where',
  purpose: 'To know',
  usage: ['/status [app/][environment]'],
  who: 'Anybody who may see the repository and is no stranger to it: the role `triage`, or any in a private one.',
  examples: [
    ['/status', 'every environment'],
    ['/status production', 'that one'],
  ],
  options: [],
  hasParameters: false,
  mostWords: 1,
  role: 'triage',
  judgedBy: 'standing',
  run: async ({ args, request, service, look, answer, refuse }) => {
    const read = service.configuration(request.repository, await look())
    if ('problem' in read) return refuse(read.problem)
    if (read.configuration === null) return answer(NO_CONFIGURATION)
    const asked = await service.status(request.repository, read.configuration, readPlace(args.words[0] ?? null))
    if (asked.length === 0) return refuse(unknown(args.words[0] ?? '', read.configuration))
    const isQualified = read.configuration.apps.size > 1
    const sections = asked.slice(0, MOST_ENVIRONMENTS).map((one) => section(one, isQualified))
    return answer([...sections, ...leftOut(asked.length - MOST_ENVIRONMENTS)].join('\n\n'))
  },
}

const NO_CONFIGURATION = 'This repository has no `.github/deploy.yml` on its default branch, so Gantry deploys nothing here.'
const MOST_ENVIRONMENTS = 20
const MOST_WORKLOADS = 10

function section(status: EnvironmentStatus, isQualified: boolean): string {
  const { app, environment, url, observed, last, occupant, locks, drift } = status
  const open = url === null ? '' : ` · ${link('Open it', url)}`
  const lines = [
    ...running(observed),
    ...(drift === null ? [] : [`${MARKS.unknown} Nobody asked Gantry for that: seen since ${utc(drift.at)}, ${code(drift.seen, 240)}`]),
    ...(last === null ? ['Nothing has been deployed here yet.'] : [`${sentence(last)}${last.endedAt === null ? '' : ` (${utc(last.endedAt)})`}`]),
    ...locks.map((lock) => `${MARKS.refused} It is ${lockWords(lock)}`),
    ...(occupant === null ? [] : [`Now: ${sentence(occupant)}`]),
    ...queueLines(status),
    ...waitingLines(status),
  ]
  return [`**${code(isQualified ? `${app}/${environment}` : environment)}**${open}`, ...lines.map((line) => `- ${line}`)].join('\n')
}

const MOST_WAITING = 10

/** In the order in which they have their turn. */
function queueLines({ queue }: EnvironmentStatus): readonly string[] {
  const shown = queue.slice(0, MOST_WAITING).map((one, index) => `${index + 1}. ${whoWhat(one)}${index === 0 ? ', next' : ''}`)
  return shown.length === 0 ? [] : [`In the queue: ${[...shown, ...more(queue.length)].join(' · ')}`]
}

function waitingLines({ waiting }: EnvironmentStatus): readonly string[] {
  const shown = waiting.slice(0, MOST_WAITING).map((one) => `Waits: ${whoWhat(one)}${one.wait === null ? '' : ` · ${prose(one.wait.sentence, 240)}`}`)
  return [...shown, ...more(waiting.length)]
}

const whoWhat = ({ request, plan }: Deployment): string => `${person(request.actor.login)}: ${plan === null ? 'an image' : code(shortImages(plan))}`

const more = (count: number): readonly string[] => (count > MOST_WAITING ? [`and ${count - MOST_WAITING} more`] : [])

function running(observed: EnvironmentStatus['observed']): readonly string[] {
  if ('problem' in observed) return [`It is not known what runs: ${prose(observed.problem.sentence)} (\`${observed.problem.code}\`)`]
  const shown = observed.slice(0, MOST_WORKLOADS).map(({ workload, digest, healthy }) => {
    const what = digest === null ? 'nothing of ours' : code(shortDigest(digest))
    return `Runs ${what} as ${code(workload)}${digest === null || healthy ? '' : ', not healthy'}`
  })
  return observed.length > MOST_WORKLOADS ? [...shown, `and ${observed.length - MOST_WORKLOADS} more`] : shown
}

const leftOut = (count: number): readonly string[] => (count > 0 ? [`and ${count} more: name one of them`] : [])

function unknown(place: string, { apps }: Configuration): Problem {
  const qualified = apps.size > 1
  const known = [...apps.values()].flatMap(({ name, environments }) => [...environments.keys()].map((one) => (qualified ? `${name}/${one}` : one)))
  return problem('ENVIRONMENT_UNKNOWN', {
    sentence: `There is no environment ${quoted(place)}.${didYouMean(place, known)}`,
    found: place,
    wanted: listed(known),
    next: 'Name one of the declared environments.',
  })
}
