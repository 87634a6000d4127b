import { STATUS_CODES } from 'node:http'
import { HEADERS } from '../../web/headers.ts'

/** RFC 9457 problem details: a sentence and nothing from inside. */
export const problemAnswer = (status: number, detail: string, headers: Readonly<Record<string, string>> = {}): Response =>
  new Response(JSON.stringify({ type: 'about:blank', title: STATUS_CODES[status], status, detail }), {
    status,
    headers: { ...HEADERS, 'content-type': 'application/problem+json', ...headers },
  })
