import { atLeast, everyRules, type App, type Configuration, type Role } from '../../deploy/environment.ts'
import { didYouMean, listed, quoted } from '../../deploy/wording.ts'
import { problem, type Problem } from '../../errors.ts'
import { PURPOSES, type Command } from '../command.ts'
import type { Links } from '../comments.ts'
import { code, fenced, link } from '../markdown.ts'

export const help: Command = {
  name: 'deploy help',
  summary: 'Says what can be typed here, or explains one command',
  phrase: '',
  purpose: 'To know',
  usage: ['/deploy help [command]'],
  who: 'Anybody who may see the repository and is no stranger to it: the role `triage`, or any in a private one.',
  examples: [
    ['/deploy help', 'the commands that are of use here, for you'],
    ['/deploy help rollback', 'one of them in full'],
  ],
  options: [],
  hasParameters: false,
  mostWords: 2,
  role: 'triage',
  judgedBy: 'standing',
  run: async ({ args, request, service, commands, links, look, answer, refuse }) => {
    const word = args.words[1]?.replace(/^\//, '')
    if (word !== undefined) {
      const named = commands.find(({ name }) => name === (word === 'help' ? help.name : word))
      return named === undefined ? refuse(unknown(word, commands)) : answer(inFull(named, links))
    }
    const facts = await look()
    const read = service.configuration(request.repository, facts)
    if ('problem' in read) return refuse(read.problem)
    const { configuration } = read
    const places = configuration === null ? NO_CONFIGURATION : placesIn(configuration)
    return answer([short(facts.actor.role, commands, configuration), places, closing(request.subject?.isPull ?? false, links)].join('\n\n'))
  },
}

const NO_CONFIGURATION = 'This repository has no `.github/deploy.yml` on its default branch, so there is nothing to deploy yet.'

/** The commands that the person may type and that can do something here, by what they are for. */
function short(role: Role, commands: readonly Command[], configuration: Configuration | null): string {
  const usable = commands.filter((command) => {
    const isOfUse = configuration === null || (command.isOfUse?.(configuration) ?? true)
    return command !== help && atLeast(role, command.role) && isOfUse
  })
  const lines = PURPOSES.flatMap((purpose) => {
    const words = usable.filter((command) => command.purpose === purpose).map(({ name, phrase }) => `${code(`/${name}`)} ${phrase}`)
    return words.length === 0 ? [] : [`- **${purpose}:** ${words.join(' · ')}`]
  })
  return [`With the role ${code(role)} you can type, at the start of a line:`, '', ...lines].join('\n')
}

const MOST = 20

/** One line for the environments and one for the images of each app. */
function placesIn({ apps }: Configuration): string {
  const shown = [...apps.values()].slice(0, MOST).flatMap((app) => appLines(app, apps.size > 1))
  return [...shown, ...(apps.size > MOST ? [`- and ${apps.size - MOST} more apps`] : [])].join('\n')
}

function appLines(app: App, isQualified: boolean): readonly string[] {
  const environments = [...app.environments.values()].map((rules) => {
    const { name } = rules
    const role = everyRules(rules)
      .map(({ allow }) => allow.role)
      .reduce((a, b) => (atLeast(a, b) ? a : b))
    const facts = [...(name === app.default ? ['the default'] : []), ...(role === 'write' ? [] : [`from the role ${code(role)}`])]
    return `${code(isQualified ? `${app.name}/${name}` : name)}${facts.length === 0 ? '' : ` (${facts.join(', ')})`}`
  })
  const images = [...app.images.values()].map(({ repository, tag }) => `${code(repository)}${tag === null ? '' : ` (${code(tag)})`}`)
  const of = isQualified ? ` of ${code(app.name)}` : ''
  return [`- **Environments${of}:** ${bounded(environments)}`, `- **Images${of}:** ${bounded(images)}`]
}

const bounded = (names: readonly string[]): string => listed(names, MOST)

function closing(isPull: boolean, { docs }: Links): string {
  const commit = isPull ? "The pull request's head commit is meant, as it was when you wrote the command" : "The default branch's head is meant"
  const page = docs === null ? '' : `; ${link('all of it on a page', `${docs}/commands`)}`
  return `${commit}; ${code('--ref')} names another branch or a tag. ${code('/deploy help rollback')} explains one command${page}.`
}

/** Everything about one command. */
function inFull({ name, summary, usage, who, examples }: Command, { docs }: Links): string {
  const page = docs === null ? '' : link('More about it', `${docs}/commands#${name.replaceAll(' ', '-')}`)
  return [
    `**${code(`/${name}`)}** · ${summary}.`,
    fenced(usage),
    `**Who may:** ${who}`,
    examples.map(([line, becomes]) => `- ${code(line)}: ${becomes}`).join('\n'),
    page,
  ]
    .filter((part) => part !== '')
    .join('\n\n')
}

function unknown(word: string, commands: readonly Command[]): Problem {
  const names = commands.map(({ name }) => name).filter((name) => !name.includes(' '))
  return problem('COMMAND_UNKNOWN', {
    sentence: `There is no command ${quoted(`/${word}`)}.${didYouMean(word, names)}`,
    found: `/${word}`,
    wanted: `one of ${listed(names, 30)}`,
    next: 'Type "/deploy help" to see what can be typed here.',
  })
}
