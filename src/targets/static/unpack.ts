import type { Files, Layer } from '../../deploy/target.ts'
import { quoted } from '../../deploy/wording.ts'
import { Failure } from '../../errors.ts'
import { type Entry, readLayer } from './layer.ts'
import { isBelow, isStorable, leadsTo, normalised } from './names.ts'
import { Overlay } from './overlay.ts'

/** Bounds against bombs: bytes of all layers once decompressed, bytes of the site, bytes of one file; files and links of the site. */
export const LIMITS = { read: 4 * 2 ** 30, site: 2 ** 30, file: 256 * 2 ** 20, entries: 100_000 }

export interface Unpacking {
  readonly layers: readonly Layer[]
  /** The folder inside the image, normalised: `usr/share/www`, or `''` for everything. Nothing else is written. */
  readonly root: string
  readonly files: Files
  /** Where to; its old content has been removed. */
  readonly to: string
  readonly log: (line: string) => void
  readonly signal: AbortSignal
  readonly limits?: typeof LIMITS
}

/**
 * Writes what an image shows below `root`: plain files, and links to files as copies of what they lead to. Links to folders or
 * out of `root`, devices and names that not every disk can hold are left out, with a line in the log. A name with `..`, and a
 * layer that has one name both as a file and as a folder (the way to write through a link), make the image unusable.
 * The files are not synced: the folder is to be moved into its place by `files.move`, which does that.
 */
export async function unpack(unpacking: Unpacking): Promise<void> {
  const { layers, signal, limits = LIMITS } = unpacking
  const tree = new SiteTree(unpacking, limits)
  let read = 0
  const spend = (bytes: number) => {
    signal.throwIfAborted()
    read += bytes
    if (read > limits.read) throw tooLarge('all layers together, unpacked', `${limits.read} bytes`)
  }
  for (const layer of layers.toReversed()) {
    await readLayer(layer, spend, (entry) => tree.visit(entry))
    tree.overlay.endLayer()
  }
  await tree.copyLinks()
  tree.report()
}

class SiteTree {
  readonly overlay = new Overlay()
  readonly #at: Unpacking
  readonly #limits: typeof LIMITS
  /** Sizes of the files, and where links lead; by the path in the image. */
  readonly #files = new Map<string, number>()
  readonly #links = new Map<string, string>()
  readonly #leftOut: string[] = []
  #bytes = 0
  #linkInTheWay: string | undefined

  constructor(at: Unpacking, limits: typeof LIMITS) {
    this.#at = at
    this.#limits = limits
  }

  async visit(entry: Entry): Promise<void> {
    const path = normalised(entry.name)
    if (path === null) throw hostile(entry.name)
    if (this.#isWanted(path) && this.#isVisible(path, entry) && this.#isFile(path, entry)) await this.#write(path, entry.size, entry.body)
    else await entry.body.cancel()
  }

  async copyLinks(): Promise<void> {
    for (const path of this.#links.keys()) {
      const original = this.#originalOf(path)
      const source = original === null ? undefined : await this.#at.files.open(this.#placeOf(original))
      if (source === undefined) this.#leaveOut(path, 'a link, and not to a file of the site')
      else await this.#write(path, source.size, source.content)
    }
  }

  /** Throws where nothing came out; otherwise says in the log what was left out. */
  report(): void {
    if (this.#files.size === 0) throw this.#nothing()
    for (const line of this.#leftOut.slice(0, 5)) this.#at.log(`left out: ${line}`)
    if (this.#leftOut.length > 5) this.#at.log(`left out: ${this.#leftOut.length - 5} more`)
  }

  /** Below the root, or on the way to it. */
  #isWanted(path: string): boolean {
    const { root } = this.#at
    return path !== '' && (isBelow(path, root) || path === root || isBelow(root, path))
  }

  #isVisible(path: string, entry: Entry): boolean {
    const slash = path.lastIndexOf('/') + 1
    const [folder, name] = [path.slice(0, slash), path.slice(slash)]
    if (name === '.wh..wh..opq') this.overlay.makeOpaque(folder.slice(0, -1))
    else if (name.startsWith('.wh.')) this.overlay.whiteOut(`${folder}${name.slice('.wh.'.length)}`)
    else {
      const seen = this.overlay.add(path, entry.kind === 'folder')
      if (seen === 'clash') throw hostile(entry.name)
      return seen === 'visible'
    }
    return false
  }

  /** Whether the entry is a file to write now; notes links for later, and what is left out. */
  #isFile(path: string, entry: Entry): boolean {
    if (entry.kind === 'folder') return false
    const isLink = entry.kind === 'symlink' || entry.kind === 'hardlink'
    if (!isBelow(path, this.#at.root)) {
      if (isLink) this.#linkInTheWay = `/${path} is a link to ${entry.leadsTo}`
    } else if (!isStorable(path)) this.#leaveOut(path, 'its name')
    else if (entry.kind === 'file') return true
    else if (!isLink) this.#leaveOut(path, 'neither file, folder nor link')
    else this.#noteLink(path, entry)
    return false
  }

  #noteLink(path: string, entry: Entry): void {
    const end = leadsTo(path, entry.leadsTo, entry.kind === 'symlink')
    if (end === null) return this.#leaveOut(path, 'a link out of the image')
    this.#links.set(path, end)
    this.#checkCount()
  }

  /** The file that a link leads to, over at most eight other links. */
  #originalOf(path: string): string | null {
    let end = path
    for (let hops = 0; hops < 8; hops++) {
      const next = this.#links.get(end)
      if (next === undefined) return this.#files.has(end) && end !== path ? end : null
      end = next
    }
    return null
  }

  async #write(path: string, size: number, content: ReadableStream<Uint8Array>): Promise<void> {
    const { file, site } = this.#limits
    this.#bytes += size - (this.#files.get(path) ?? 0)
    if (size > file) throw tooLarge(`/${path}`, `${file} bytes`)
    if (this.#bytes > site) throw tooLarge('the site', `${site} bytes`)
    this.#files.set(path, size)
    this.#checkCount()
    await this.#at.files.write(this.#placeOf(path), content, { durable: false })
  }

  #leaveOut(path: string, why: string): void {
    this.#leftOut.push(`${quoted(`/${path}`)} (${why})`)
    this.#checkCount()
  }

  #checkCount(): void {
    const count = this.#files.size + this.#links.size + this.#leftOut.length
    if (count > this.#limits.entries) throw tooLarge('the site', `${this.#limits.entries} files`)
  }

  #placeOf(path: string): string {
    const { root, to } = this.#at
    return `${to}/${root === '' ? path : path.slice(root.length + 1)}`
  }

  #nothing(): Failure {
    const { root } = this.#at
    return new Failure('IMAGE_UNUSABLE', {
      sentence: `The image has no files in ${quoted(`/${root}`)}.`,
      found: this.#linkInTheWay,
      wanted: 'a folder with at least one file',
      next: 'Set `settings.path` to the folder inside the image that holds the site.',
    })
  }
}

const hostile = (name: string) =>
  new Failure('IMAGE_UNUSABLE', {
    sentence: 'The image tries to write outside its own folder, or through a link.',
    found: quoted(name),
    wanted: 'names without `..`, each either a file or a folder',
    next: 'Build the image with an ordinary builder, and look where this layer is from.',
  })

const tooLarge = (what: string, limit: string) =>
  new Failure('IMAGE_UNUSABLE', {
    sentence: `The image is too large to be served: ${what} may have ${limit}.`,
    found: what,
    wanted: `at most ${limit}`,
    next: 'Make the image smaller, or set `settings.path` to the folder that holds the site.',
  })
