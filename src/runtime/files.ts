import { createReadStream, createWriteStream } from 'node:fs'
import { access, constants, mkdir, open, readFile, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream as NodeReadableStream } from 'node:stream/web'
import type { Files } from '../deploy/target.ts'
import { Failure } from '../errors.ts'

/**
 * The `Files` port on a folder of this machine. What the disk refuses (full, read-only, not ours) is thrown as
 * `TARGET_UNAVAILABLE`; a path that would leave the folder is our own bug and a plain `Error`.
 */
export function nodeFiles(folder: string): Files {
  const at = (path: string) => join(folder, inside(path))
  return {
    read: (path) => answering(() => unlessMissing(readFile(at(path)))),
    open: (path) => answering(() => unlessMissing(openFile(at(path)))),
    write: (path, content, options) => answering(() => (options?.durable === false ? writeStraight : writeWhole)(at(path), content)),
    list: (path) => answering(async () => ((await unlessMissing(readdir(at(path)))) ?? []).filter((name) => !isPart(name))),
    move: (from, to) => answering(() => moveTree(at(from), at(to))),
    remove: (path) => answering(() => rm(at(path), { recursive: true, force: true })),
    check: () => answering(() => mayWrite(folder)),
  }
}

const FORBIDDEN = process.platform === 'win32' ? /[\\\0:]/ : /[\\\0]/

/** The path itself, if it stays inside: no empty, `.` or `..` part, nothing that Windows reads as a separator, a drive or a stream. */
function inside(path: string): string {
  const isSafe = path.split('/').every((part) => part !== '' && part !== '.' && part !== '..' && !FORBIDDEN.test(part))
  if (!isSafe) throw new Error(`${JSON.stringify(path)} is not a path inside a folder`)
  return path
}

async function openFile(path: string) {
  const handle = await open(path)
  const stats = await handle.stat()
  if (!stats.isFile()) return handle.close().then(() => undefined)
  // The handle keeps the file readable while its release is being removed.
  const stream = createReadStream(path, { fd: handle, highWaterMark: 64 * 1024 })
  return { size: stats.size, content: Readable.toWeb(stream) as ReadableStream<Uint8Array> }
}

/** There, or where it would be made. */
async function mayWrite(folder: string): Promise<void> {
  try {
    await access(join(folder, '/'), constants.W_OK | constants.X_OK)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
    await mayWrite(dirname(folder))
  }
}

const part = (path: string) => join(dirname(path), `.${path.slice(dirname(path).length + 1)}.part`)
const isPart = (name: string) => name.startsWith('.') && name.endsWith('.part')

/** The name of the half-written file is always the same, so that the next try overwrites what a crash left. */
async function writeWhole(path: string, content: Uint8Array | ReadableStream<Uint8Array>): Promise<void> {
  await writeStraight(part(path), content)
  await sync(part(path))
  await rename(part(path), path)
  await sync(dirname(path))
}

async function writeStraight(path: string, content: Uint8Array | ReadableStream<Uint8Array>): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const source = content instanceof Uint8Array ? [content] : Readable.fromWeb(content as NodeReadableStream<Uint8Array>)
  await pipeline(source, createWriteStream(path, { mode: 0o644 }))
}

async function moveTree(from: string, to: string): Promise<void> {
  await syncTree(from)
  await mkdir(dirname(to), { recursive: true })
  await rename(from, to)
  await Promise.all([sync(dirname(from)), sync(dirname(to))])
}

/** 16 at a time: one journal commit of the file system then serves several. */
async function syncTree(path: string): Promise<void> {
  const below = (await stat(path)).isDirectory() ? await readdir(path, { recursive: true }) : []
  const waiting = [...below.map((name) => join(path, name)), path]
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await sync(next)
  }
  await Promise.all(Array.from({ length: 16 }, worker))
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (process.platform === 'win32') return null // Windows neither opens folders nor needs to: its journal orders renames
    throw error
  })
  try {
    await handle?.sync()
  } finally {
    await handle?.close()
  }
}

async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes(codeOf(error))) return undefined
    throw error
  }
}

const DISK = new Map([
  ['ENOSPC', 'no space is left on the disk'],
  ['EDQUOT', 'the quota is used up'],
  ['EROFS', 'the disk is read-only'],
  ['EACCES', 'the folder does not belong to the user that Gantry runs as'],
  ['EPERM', 'the folder does not belong to the user that Gantry runs as'],
  ['ENOTDIR', 'a file stands where a folder should be'],
  ['EEXIST', 'a file stands where a folder should be'],
  ['EIO', 'the disk reports an error'],
  ['EMFILE', 'too many files are open'],
  ['ENFILE', 'too many files are open'],
])

async function answering<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const found = DISK.get(codeOf(error))
    if (found === undefined) throw error
    const details = { sentence: `Gantry's own disk could not be used: ${found}.`, found: codeOf(error), who: 'account' } as const
    throw new Failure('TARGET_UNAVAILABLE', { ...details, next: "Look after the disk of Gantry's data folder, then try again." }, error)
  }
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException | null)?.code ?? ''
