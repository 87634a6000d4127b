import { readBody } from './body.ts'
import type { Doors, Operation } from './doors.ts'

/** What a registry said of an error: `errors[0]` of the specification, Docker Hub's `details`, or the beginning of any other text. */
export interface ErrorAnswer {
  readonly status: number
  readonly code: string | null
  readonly message: string
}

const MOST_BYTES = 64 * 1024

/** Reads an error's body. `secrets` are cut out of it, because a server may send back what it was sent. */
export async function readError(response: Response, secrets: readonly string[], doors: Doors, operation: Operation): Promise<ErrorAnswer> {
  const { bytes } = await readBody(response, MOST_BYTES, doors, operation)
  const text = new TextDecoder().decode(bytes)
  const { code, message } = parseError(text)
  return { status: response.status, code: code === null ? null : clean(code, secrets, 40), message: clean(message, secrets, 200) }
}

/** `HTTP 404 MANIFEST_UNKNOWN: manifest unknown` */
export const describe = ({ status, code, message }: ErrorAnswer): string =>
  `HTTP ${status}${code === null ? '' : ` ${code}`}${message === '' ? '' : `: ${message}`}`

/** Foreign text that may be shown: without secrets, control characters and more than `most` characters. */
export function clean(text: string, secrets: readonly string[], most: number): string {
  const masked = secrets.filter((secret) => secret.length > 3).reduce((left, secret) => left.replaceAll(secret, '[secret]'), text)
  // oxlint-disable-next-line no-control-regex -- they are what is being removed
  const plain = masked.replaceAll(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+/g, ' ').trim()
  return plain.length > most ? `${plain.slice(0, most)}…` : plain
}

function parseError(text: string): { code: string | null; message: string } {
  const body = parseObject(text)
  const first = Array.isArray(body?.['errors']) ? (body['errors'][0] as unknown) : undefined
  if (isObject(first)) return { code: textOf(first['code']) || null, message: textOf(first['message']) }
  const details = textOf(body?.['details']) || textOf(body?.['message'])
  return { code: null, message: details || withoutTags(text.slice(0, MOST_WORDS)) }
}

/** A page's words; a quadratic pattern on 64 KiB of `<` took 1.5 s. */
const withoutTags = (html: string): string => html.replaceAll(/<[^<>]*>/g, ' ').replaceAll(/\s+/g, ' ')
const MOST_WORDS = 4_000

/** A JSON object, or null where the text is none. */
export function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : null
  } catch {
    return null
  }
}

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
