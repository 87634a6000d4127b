import type { PreflightReport, PreflightRow } from '../deploy/images.ts'
import { rowMark, rowWords, verdict } from '../deploy/preflight-words.ts'
import { MARKS, problemDetails, type Links } from './comments.ts'
import { code, prose } from './markdown.ts'

/** Whether an image can be pulled for a place, why not, and each thing that was looked at. */
export function preflightReport(report: PreflightReport, place: string, links: Links): string {
  const lead = `${report.isPullable ? MARKS.done : MARKS.failed} ${code(report.image)} for ${place} ${prose(verdict(report))}.`
  const failed = report.rows.flatMap(({ problem }) =>
    problem === null ? [] : [`**Why:** ${prose(problem.sentence)}\n\n${problemDetails(problem, links)}`],
  )
  return [lead, ...failed, preflightRows(report)].join('\n\n')
}

export const preflightRows = ({ rows }: PreflightReport): string => rows.map(rowLine).join('\n')

const rowLine = (row: PreflightRow): string =>
  `* ${MARKS[rowMark(row)]} ${rowWords(row)}${row.note === '' || row.outcome === 'failed' ? '' : ` · ${prose(row.note, 240)}`}`
