import type { Command } from '../command.ts'
import { code } from '../markdown.ts'
import { interpretDeploy } from '../parse.ts'
import { preflightReport } from '../preflight-report.ts'

export const preflight: Command = {
  name: 'preflight',
  summary: 'Checks whether the target can pull the image, and changes nothing',
  phrase: 'whether the image can be pulled',
  purpose: 'To know',
  usage: ['/preflight [app/][environment] [:tag, @digest or host/name:tag] [--ref R] [key=value …]'],
  who: 'Whoever may deploy there.',
  examples: [['/preflight production :1.2', 'one row for each thing that was looked at, with the fix where it fails']],
  options: ['ref'],
  hasParameters: true,
  mostWords: 2,
  role: 'write',
  judgedBy: 'standing',
  run: async ({ args, request, service, links, answer, refuse }) => {
    const asks = interpretDeploy(args)
    if ('problem' in asks) return refuse(asks.problem)
    const found = await service.preflight({ ...request, asks })
    if ('problem' in found) return refuse(found.problem)
    const place = `**${code(found.environment)}**`
    return answer(found.reports.map((report) => preflightReport(report, place, links)).join('\n\n'))
  },
}
