import type * as z from 'zod'
import { visible } from '../deploy/wording.ts'
import { RequestRefused } from './problems.ts'

/** What is wrong with a request, by the first thing that is: where, and what was wanted. No value is repeated. */
export function invalid({ issues: [issue] }: z.core.$ZodError): RequestRefused {
  const where = issue === undefined || issue.path.length === 0 ? 'the body' : visible(issue.path.map(String).join('.'))
  const message = issue?.message ?? 'It is not as it should be.'
  const isSentence = message.startsWith('The key ')
  return new RequestRefused('REQUEST_INVALID', {
    sentence: isSentence ? message : `${where} is not as it should be.`,
    found: where,
    ...(!isSentence && { wanted: message.replace(/^Invalid input: expected /, '') }),
    next: 'Correct it; /openapi.json says what is wanted.',
  })
}
