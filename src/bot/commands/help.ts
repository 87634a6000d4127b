import { atLeast, type App, type Configuration, type Role } from '../../deploy/environment.ts'
import type { Command } from '../command.ts'
import { code } from '../markdown.ts'

export const help: Command = {
  name: 'deploy help',
  summary: 'Says what can be typed here',
  usage: ['/deploy help'],
  role: 'triage',
  judgedBy: 'standing',
  run: async ({ request, service, commands, look, answer, refuse }) => {
    const facts = await look()
    const read = service.configuration(request.repository, facts)
    if ('problem' in read) return refuse(read.problem)
    const places = read.configuration === null ? NO_CONFIGURATION : environments(read.configuration)
    return answer([commandsFor(facts.actor.role, commands), places, LABELS, commitOf(request.subject?.isPull ?? false)].join('\n\n'))
  },
}

const NO_CONFIGURATION = 'This repository has no `.github/deploy.yml` on its default branch, so there is nothing to deploy yet.'

const LABELS = 'The label `deploy` does the same as `/deploy`, and `deploy:ENVIRONMENT` names the environment. It is taken off once it is read.'

const commitOf = (isPull: boolean): string =>
  isPull
    ? "Here the pull request's head commit is meant, as it was when you wrote the command; `--ref` names a branch or tag instead."
    : "Here the default branch's head is meant; `--ref` names another branch or a tag."

function commandsFor(role: Role, commands: readonly Command[]): string {
  const lines = commands
    .filter((command) => atLeast(role, command.role))
    .flatMap(({ usage, summary }) =>
      usage.map((line, index) => `- ${code(line)}${index === 0 ? `: ${summary.slice(0, 1).toLowerCase()}${summary.slice(1)}` : ''}`),
    )
  return [`With the role ${code(role)} you can type, at the start of a line:`, ...lines].join('\n')
}

const MOST = 20

function environments({ apps }: Configuration): string {
  return [...apps.values()]
    .slice(0, MOST)
    .map((app) => appSection(app, apps.size > 1))
    .join('\n\n')
}

function appSection(app: App, isQualified: boolean): string {
  const places = [...app.environments.values()].slice(0, MOST).map(({ name, allow }) => {
    const facts = [`from the role ${code(allow.role)}`, ...(name === app.default ? ['the default'] : [])].join(', ')
    return `- ${code(isQualified ? `${app.name}/${name}` : name)} (${facts})`
  })
  const images = [...app.images.values()].slice(0, MOST).map(({ repository, tag }) => {
    return `- ${code(repository)}${tag === null ? ', tag to be named' : `, otherwise with the tag ${code(tag)}`}`
  })
  return [`Environments${isQualified ? ` of ${code(app.name)}` : ''}:`, ...places, '', 'Images:', ...images].join('\n')
}
