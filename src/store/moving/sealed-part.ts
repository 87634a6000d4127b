import { sha256 } from '../../deploy/plan.ts'
import { Failure } from '../../errors.ts'
import { newBackupKeys, openBackupKeys } from '../backup/backup-keys.ts'
import { isKeyId, notOurs } from '../backup/manifest.ts'
import { openStream, sealStream } from '../backup/sealing.ts'
import type { RandomBytes } from '../vault/aes-gcm.ts'
import type { KeySource } from '../vault/key-source.ts'
import { partIn } from './parts.ts'

/**
 * A part on its way: `manifest as JSON \n chunks`, as in a backup (`backup/sealing.ts`), under a key of its own that `GANTRY_KEYS` wraps. Its lines
 * are compressed, because an object takes no request of more than 100 MB. Every chunk is bound to the manifest, which holds no name.
 */

const FORMAT = 'gantry part 1'
const LONGEST_MANIFEST = 4_096

export interface PartManifest {
  readonly format: typeof FORMAT
  /** `partName` */
  readonly part: string
  /** The installation that it comes from. */
  readonly instance: string
  /** Milliseconds. */
  readonly madeAt: number
  /** The key of `GANTRY_KEYS` that wraps its own, and that one wrapped, as base64. */
  readonly key: string
  readonly wrapped: string
}

/** Throws VAULT_KEY_MISSING. */
export async function* sealPart(
  source: KeySource,
  random: RandomBytes,
  about: Pick<PartManifest, 'part' | 'instance' | 'madeAt'>,
  lines: Iterable<string>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const { keys, key, wrapped } = await newBackupKeys(source, random, ownerOf(about))
  const { part, instance, madeAt } = about
  const text = JSON.stringify({ format: FORMAT, part, instance, madeAt, key, wrapped } satisfies PartManifest)
  yield bytesOf(`${text}\n`)
  yield* sealStream(keys.content, bytesOf(text), through(inPieces(lines), new CompressionStream('gzip')))
}

export interface OpenedPart {
  /** Proved only with the first line. */
  readonly manifest: PartManifest
  /** SHA-256 of the manifest: no other sealing has it. */
  readonly fingerprint: string
  /** Throws BACKUP_BROKEN where any byte is not as it was written: what was read until then is worth nothing. */
  readonly lines: AsyncIterable<string>
}

/** Throws BACKUP_BROKEN, VAULT_KEY_MISSING, VAULT_KEY_WRONG where another key has that name. */
export async function openPart(source: KeySource, stream: AsyncIterable<Uint8Array>): Promise<OpenedPart> {
  const { text, rest } = await readHead(stream)
  const manifest = manifestIn(text)
  const { content } = await openBackupKeys(source, { ...manifest, ...ownerOf(manifest) })
  const opened = openStream(content, bytesOf(text), rest)
  return { manifest, fingerprint: await sha256(text), lines: linesIn(through(opened, new DecompressionStream('gzip'))) }
}

/** Chunks of a body, wherever it is read: not every runtime's streams can be iterated. What is left when nobody reads on is cancelled. */
export async function* chunksOfBody(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader()
  let isDone = false
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      yield value
    }
    isDone = true
  } finally {
    if (!isDone) await reader.cancel().catch(() => {})
    reader.releaseLock()
  }
}

/** The same back: pulled as it is read. Of bytes, because no other stream passes from one object to another; each chunk is given up to it. */
export function bodyOf(chunks: AsyncGenerator<Uint8Array<ArrayBuffer>>): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    type: 'bytes',
    async pull(controller) {
      for (;;) {
        const { done, value } = await chunks.next()
        if (done === true) {
          controller.close()
          // Whoever reads into a buffer of their own is told only so.
          controller.byobRequest?.respond(0)
          return
        }
        if (value.length > 0) return controller.enqueue(value)
      }
    },
    cancel: async () => void (await chunks.return(undefined)),
  })
}

/** Of `newBackupKeys` and `openBackupKeys`: no backup's key is one of these. */
const ownerOf = ({ part, instance, madeAt }: Pick<PartManifest, 'part' | 'instance' | 'madeAt'>) => ({ instance: `${part} of ${instance}`, madeAt })

const bytesOf = (text: string) => new TextEncoder().encode(text)

function manifestIn(text: string): PartManifest {
  const found = ((): Readonly<Record<string, unknown>> => {
    try {
      return Object(JSON.parse(text)) as Readonly<Record<string, unknown>>
    } catch {
      return {}
    }
  })()
  const { format, part, instance, madeAt, key, wrapped } = found
  if (typeof format === 'string' && /^gantry part \d+$/.test(format) && format !== FORMAT) throw newer(format)
  const isOne = typeof part === 'string' && partIn(part) !== null && typeof instance === 'string' && typeof madeAt === 'number'
  if (format !== FORMAT || !isOne || !isKeyId(key) || typeof wrapped !== 'string') throw notOurs('no manifest of a part')
  return { format, part, instance, madeAt, key, wrapped }
}

const newer = (format: string): Failure =>
  new Failure('BACKUP_REFUSED', {
    sentence: 'This comes from another version of Gantry.',
    found: format,
    wanted: FORMAT,
    next: 'Bring both installations to the same version, and ask again.',
  })

async function readHead(stream: AsyncIterable<Uint8Array>): Promise<{ readonly text: string; readonly rest: AsyncIterable<Uint8Array> }> {
  const chunks = stream[Symbol.asyncIterator]()
  let head = new Uint8Array(0)
  for (;;) {
    const end = head.indexOf(0x0a)
    if (end >= 0 && end <= LONGEST_MANIFEST)
      return { text: new TextDecoder().decode(head.subarray(0, end)), rest: behind(head.slice(end + 1), chunks) }
    const { done, value } = await chunks.next()
    if (done === true || head.length > LONGEST_MANIFEST) throw notOurs('no manifest of a part')
    const longer = new Uint8Array(head.length + value.length)
    longer.set(head)
    longer.set(value, head.length)
    head = longer
  }
}

async function* behind(first: Uint8Array, chunks: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first
  for (;;) {
    const { done, value } = await chunks.next()
    if (done === true) return
    yield value
  }
}

const PIECE = 64 * 1024

/** Few lines are long enough to be worth a piece of their own. */
async function* inPieces(lines: Iterable<string>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let text = ''
  for (const line of lines) {
    text += line
    if (text.length < PIECE) continue
    yield bytesOf(text)
    text = ''
  }
  yield bytesOf(text)
}

async function* linesIn(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let left = ''
  for await (const chunk of chunks) {
    const lines = (left + decoder.decode(chunk, { stream: true })).split('\n')
    left = lines.pop() ?? ''
    yield* lines
  }
  if (left + decoder.decode() !== '') throw notOurs('half a line at the end')
}

/** Whatever `source` throws is thrown here. */
async function* through(
  source: AsyncIterable<Uint8Array>,
  { writable, readable }: CompressionStream | DecompressionStream,
): AsyncGenerator<Uint8Array> {
  const writer = writable.getWriter()
  let failed: { readonly error: unknown } | null = null
  const feed = async (): Promise<void> => {
    try {
      for await (const chunk of source) await writer.write(new Uint8Array(chunk))
      await writer.close()
    } catch (error) {
      failed ??= { error }
      await writer.abort(error).catch(() => {})
    }
  }
  const feeding = feed()
  try {
    yield* chunksOfBody(readable)
    await feeding
  } catch (error) {
    throw (failed as { readonly error: unknown } | null)?.error ?? error
  }
}
