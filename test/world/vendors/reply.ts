import type { Caught, Reply } from '../scripted-server.ts'

export const json = (status: number, value: unknown): Reply => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
})

/** The fields of a form; null where the request is no POST of one, or names a field twice. */
export function formIn({ method, headers, body }: Caught): Readonly<Record<string, string>> | null {
  if (method !== 'POST' || headers['content-type'] !== 'application/x-www-form-urlencoded') return null
  const fields = [...new URLSearchParams(body)]
  return fields.length === new Set(fields.map(([name]) => name)).size ? Object.fromEntries(fields) : null
}
