import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** As much of R2 as backups use, in a folder. */
export class BucketHere implements R2Bucket {
  readonly #folder: string
  readonly #metadata = new Map<string, R2Metadata>()

  constructor(folder: string) {
    this.#folder = folder
  }

  head = async (key: string): Promise<R2Object | null> =>
    statSync(join(this.#folder, key), { throwIfNoEntry: false })?.isFile() === true ? { key, ...this.#metadata.get(key) } : null

  put = async (key: string, value: Uint8Array | string, options: R2Metadata = {}): Promise<void> => {
    mkdirSync(dirname(join(this.#folder, key)), { recursive: true })
    writeFileSync(join(this.#folder, key), value)
    this.#metadata.set(key, options)
  }

  createMultipartUpload = async (key: string, options: R2Metadata = {}): Promise<R2MultipartUpload> => {
    const pieces: Uint8Array[] = []
    return {
      uploadPart: async (number, value) => (pieces.push(value.slice()), { number }),
      complete: async () => this.put(key, Buffer.concat(pieces), options),
      abort: async () => {},
    }
  }

  list: R2Bucket['list'] = async ({ prefix = '', delimiter }) => {
    const found = readdirSync(join(this.#folder, prefix), { withFileTypes: true })
    return {
      objects: found.filter((one) => one.isFile()).map(({ name }) => ({ key: `${prefix}${name}` })),
      delimitedPrefixes: delimiter === undefined ? [] : found.filter((one) => one.isDirectory()).map(({ name }) => `${prefix}${name}/`),
    }
  }

  delete = async (keys: readonly string[]): Promise<void> => {
    for (const key of keys) rmSync(join(this.#folder, key), { force: true })
  }
}
