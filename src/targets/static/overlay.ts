/**
 * What of an image's layers can be seen in the end (OCI image specification, "Image Layer Filesystem Changeset"). The layers
 * are read from the top down: whatever a higher layer has, whites out or makes opaque hides what comes below, so each file is
 * written once and nothing is ever removed again. Paths are relative, `/`-separated and normalised; `''` is the root.
 */
export class Overlay {
  readonly #above = new Seen()
  #layer = new Seen()

  /** Whether this entry of the current layer is visible; says `clash` where the layer itself has it as a file and as a folder. */
  add(path: string, isFolder: boolean): 'visible' | 'hidden' | 'clash' {
    if (this.#layer.clashes(path, isFolder)) return 'clash'
    this.#layer.put(path, isFolder)
    return this.#above.hides(path, isFolder) ? 'hidden' : 'visible'
  }

  /** `.wh.NAME`: nothing of `path` comes through from below. It does not touch its own layer. */
  whiteOut(path: string): void {
    this.#layer.whitedOut.add(path)
  }

  /** `.wh..wh..opq`: the folder's content comes from this layer up. */
  makeOpaque(path: string): void {
    this.#layer.opaque.add(path)
  }

  /** The current layer has been read to its end; the next one lies below it. */
  endLayer(): void {
    this.#above.merge(this.#layer)
    this.#layer = new Seen()
  }
}

class Seen {
  readonly folders = new Set<string>()
  readonly leaves = new Set<string>()
  readonly whitedOut = new Set<string>()
  readonly opaque = new Set<string>()

  put(path: string, isFolder: boolean): void {
    ;(isFolder ? this.folders : this.leaves).add(path)
    for (const ancestor of ancestorsOf(path)) this.folders.add(ancestor)
  }

  clashes(path: string, isFolder: boolean): boolean {
    if (isFolder ? this.leaves.has(path) : this.folders.has(path)) return true
    return ancestorsOf(path).some((ancestor) => this.leaves.has(ancestor))
  }

  hides(path: string, isFolder: boolean): boolean {
    if (!isFolder && this.folders.has(path)) return true
    const covered = (name: string) => this.leaves.has(name) || this.whitedOut.has(name)
    return covered(path) || ancestorsOf(path).some((ancestor) => covered(ancestor) || this.opaque.has(ancestor))
  }

  merge(other: Seen): void {
    for (const set of ['folders', 'leaves', 'whitedOut', 'opaque'] as const) for (const path of other[set]) this[set].add(path)
  }
}

/** `a/b/c` → `a/b`, `a`, and the root. */
function ancestorsOf(path: string): string[] {
  const ancestors = []
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) ancestors.push(path.slice(0, end))
  return path === '' ? [] : [...ancestors, '']
}
