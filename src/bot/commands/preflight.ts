import type { PreflightReport, PreflightRow } from '../../deploy/images.ts'
import { rowMark, rowWords, verdict } from '../../deploy/preflight-words.ts'
import type { Command } from '../command.ts'
import { MARKS, problemDetails } from '../comments.ts'
import type { Links } from '../comments.ts'
import { code, prose } from '../markdown.ts'
import { interpretDeploy } from '../parse.ts'

export const preflight: Command = {
  name: 'preflight',
  summary: 'Checks whether the target can pull the image, and changes nothing',
  usage: ['/preflight [app/][environment] [:tag, @digest or host/name:tag] [--ref R]'],
  role: 'write',
  judgedBy: 'standing',
  run: async ({ args, request, service, look, links, answer, refuse }) => {
    const asks = interpretDeploy(args)
    if ('problem' in asks) return refuse(asks.problem)
    const found = await service.preflight({ ...request, asks }, await look())
    if ('problem' in found) return refuse(found.problem)
    const place = `**${code(found.environment)}**`
    return answer(found.reports.map((report) => reportOf(report, place, links)).join('\n\n'))
  },
}

function reportOf(report: PreflightReport, place: string, links: Links): string {
  const lead = `${report.isPullable ? MARKS.done : MARKS.failed} ${code(report.image)} for ${place} ${prose(verdict(report))}.`
  const failed = report.rows.flatMap(({ problem }) =>
    problem === null ? [] : [`**Why:** ${prose(problem.sentence)}\n\n${problemDetails(problem, links)}`],
  )
  return [lead, ...failed, report.rows.map(rowLine).join('\n')].join('\n\n')
}

const rowLine = (row: PreflightRow): string =>
  `* ${MARKS[rowMark(row)]} ${rowWords(row)}${row.note === '' || row.outcome === 'failed' ? '' : ` · ${prose(row.note, 240)}`}`
