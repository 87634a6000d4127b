import { problem, type Problem } from '../../errors.ts'
import type { Configuration } from '../../deploy/environment.ts'
import type { EnvironmentStatus } from '../../deploy/service.ts'
import { didYouMean, listed, quoted } from '../../deploy/wording.ts'
import { shortDigest } from '../../deploy/words.ts'
import type { Command } from '../command.ts'
import { sentence } from '../comments.ts'
import { code, link, prose } from '../markdown.ts'
import { readPlace, type Args } from '../parse.ts'

export const status: Command = {
  name: 'status',
  summary: 'Says what runs where',
  usage: ['/status [app/][environment]'],
  role: 'triage',
  judgedBy: 'standing',
  run: async ({ args, request, service, look, answer, refuse }) => {
    const surplus = surplusOf(args)
    if (surplus !== null) return refuse(surplus)
    const { app, environment } = readPlace(args.words[0] ?? null)
    const facts = await look()
    const read = service.configuration(request.repository, facts)
    if ('problem' in read) return refuse(read.problem)
    if (read.configuration === null) return answer(NO_CONFIGURATION)
    const all = await service.status(request.repository, facts, environment)
    if ('problem' in all) return refuse(all.problem)
    const asked = all.filter((one) => app === null || one.app === app)
    if (asked.length === 0) return refuse(unknown(args.words[0] ?? '', read.configuration))
    const isQualified = read.configuration.apps.size > 1
    const sections = asked.slice(0, MOST_ENVIRONMENTS).map((one) => section(one, isQualified))
    return answer([...sections, ...leftOut(asked.length - MOST_ENVIRONMENTS)].join('\n\n'))
  },
}

const NO_CONFIGURATION = 'This repository has no `.github/deploy.yml` on its default branch, so Gantry deploys nothing here.'
const MOST_ENVIRONMENTS = 20
const MOST_WORKLOADS = 10

function section({ app, environment, url, observed, last, occupant, queue }: EnvironmentStatus, isQualified: boolean): string {
  const open = url === null ? '' : ` · ${link('Open it', url)}`
  const lines = [
    ...running(observed),
    ...(last === null ? ['Nothing has been deployed here yet.'] : [`${sentence(last)} ${time(last.endedAt)}`]),
    ...(occupant === null ? [] : [`Now: ${sentence(occupant)}`]),
    ...(queue.length === 0 ? [] : [`Waiting: ${queue.length}`]),
  ]
  return [`**${code(isQualified ? `${app}/${environment}` : environment)}**${open}`, ...lines.map((line) => `- ${line}`)].join('\n')
}

function running(observed: EnvironmentStatus['observed']): readonly string[] {
  if ('problem' in observed) return [`It is not known what runs: ${prose(observed.problem.sentence)} (\`${observed.problem.code}\`)`]
  const shown = observed.slice(0, MOST_WORKLOADS).map(({ workload, digest, healthy }) => {
    const what = digest === null ? 'nothing of ours' : code(shortDigest(digest))
    return `Runs ${what} as ${code(workload)}${digest === null || healthy ? '' : ', not healthy'}`
  })
  return observed.length > MOST_WORKLOADS ? [...shown, `and ${observed.length - MOST_WORKLOADS} more`] : shown
}

const time = (at: number | null): string => (at === null ? '' : `(${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC)`)

const leftOut = (count: number): readonly string[] => (count > 0 ? [`and ${count} more: name one of them`] : [])

function surplusOf({ words, flags, parameters }: Args): Problem | null {
  const surplus = words[1] ?? [...flags.keys()][0] ?? [...parameters.keys()][0]
  if (surplus === undefined) return null
  return problem('COMMAND_MALFORMED', {
    sentence: `There is a word too many: ${quoted(surplus)}.`,
    found: surplus,
    wanted: '/status [app/][environment]',
    next: 'Write the command in a new comment.',
  })
}

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
