import type { Asks, DeployRequest } from '../deploy/deployment.ts'
import type { Rehearsal } from '../deploy/rehearsal.ts'
import { rehearsed } from '../deploy/words.ts'
import { shortDigest, utc } from '../deploy/wording.ts'
import type { Problem } from '../errors.ts'
import type { CommandContext } from './command.ts'
import { folded, inWords, problemBlock, verdictList, type Links } from './comments.ts'
import { code, link, plainAddress, prose } from './markdown.ts'
import { preflightRows } from './preflight-report.ts'

/** Writes down what was asked; with `--dry-run` only says what it would come to. */
export async function deployOrRehearse(
  asks: Asks | { readonly problem: Problem },
  { args, request, service, links, answer, refuse }: CommandContext,
): Promise<void> {
  if ('problem' in asks) return refuse(asks.problem)
  const asked = { ...request, asks }
  if (!args.flags.has('dry-run')) return void service.deploy(asked)
  const found = await service.rehearse(asked)
  if (!('plan' in found)) return refuse(found.problem)
  answer(rehearsalWords(asked, found, links))
}

function rehearsalWords(request: DeployRequest, rehearsal: Rehearsal, links: Links): string {
  const { plan, verdicts, problem, wait, reports, former } = rehearsal
  const isRefused = verdicts.some(({ outcome }) => outcome === 'refused')
  const outcome = problem !== null ? (isRefused ? 'refused' : 'fails') : wait !== null ? 'waits' : 'goes'
  return [
    inWords(rehearsed({ request, plan }, outcome, former)),
    ...(problem === null && wait !== null ? [`**Would wait:** ${prose(wait.sentence)} It would be given up at ${utc(wait.until)}.`] : []),
    problemBlock(problem, links),
    changeList(request, rehearsal),
    verdictList(verdicts),
    ...reports.map((report) => folded(report.isPullable ? 'The image can be pulled' : 'The image cannot be pulled', preflightRows(report))),
    ...(problem === null ? [nextStep(request, rehearsal)] : []),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
}

const MOST_CHANGES = 10

/** What would be another than now. */
function changeList(request: DeployRequest, { changes, settings, former, plan }: Rehearsal): string {
  const compared = compareLink(request, former?.commit ?? null, plan.commit)
  const workloads =
    'problem' in changes
      ? [`It is not known what runs: ${prose(changes.problem.sentence)} (\`${changes.problem.code}\`)`]
      : changes.slice(0, MOST_CHANGES).map((change) => changeWords(change))
  const left = 'problem' in changes ? 0 : changes.length - MOST_CHANGES
  return [
    ...workloads,
    ...(left > 0 ? [`and ${left} more`] : []),
    ...(settings.length > 0
      ? [
          `Settings that change: ${settings
            .slice(0, MOST_CHANGES)
            .map((name) => code(name))
            .join(', ')}`,
        ]
      : []),
    ...(compared === null ? [] : [compared]),
  ]
    .map((line) => `- ${line}`)
    .join('\n')
}

function changeWords({ workload, from, to }: { readonly workload: string; readonly from: string | null; readonly to: string | null }): string {
  const shown = (digest: string | null, otherwise: string): string => (digest === null ? otherwise : code(shortDigest(digest)))
  if (from !== null && from === to) return `${code(workload)} stays ${shown(from, '')}`
  return `${code(workload)}: ${shown(from, 'nothing of ours')} → ${shown(to, 'an image that was not found')}`
}

/** On the web host that the comment came from, which is not `github.com` everywhere. */
function compareLink({ repository, comment }: DeployRequest, from: string | null, to: string): string | null {
  const address = plainAddress(comment?.url ?? '')
  if (address === null || from === null || from === to) return null
  return link('What changed in the code since', `${new URL(address).origin}/${repository.owner}/${repository.name}/compare/${from}...${to}`)
}

/** Never a line that would take another commit than the one that was looked at. */
function nextStep({ asks }: DeployRequest, { plan }: Rehearsal): string {
  if (asks.origin !== null) return '**Next:** type the same without `--dry-run` in a new comment to have it done.'
  return `**Next:** type the same without ${code('--dry-run')} in a new comment to have it done; with ${code(`--expect ${plan.commit}`)} it is this commit or nothing.`
}
