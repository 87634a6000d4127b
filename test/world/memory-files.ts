import type { Files } from '../../src/deploy/target.ts'

/** A folder that lives as long as the story: what was written stays through every death of the process. */
export class MemoryFiles {
  readonly content = new Map<string, Uint8Array>()

  under(folder: string): Files {
    const at = (path: string): string => `${folder}/${path}`
    return {
      read: async (path) => this.content.get(at(path)),
      open: async (path) => {
        const bytes = this.content.get(at(path))
        return bytes && { size: bytes.length, content: new Blob([bytes as Uint8Array<ArrayBuffer>]).stream() }
      },
      write: async (path, content) => {
        this.content.set(at(path), content instanceof Uint8Array ? content : new Uint8Array(await new Response(content).arrayBuffer()))
      },
      list: async (path) => [...new Set(this.#below(at(path)).map((name) => name.slice(at(path).length + 1).split('/')[0] ?? ''))],
      move: async (from, to) => {
        await this.#remove(at(to))
        for (const name of [...this.#below(at(from)), at(from)]) {
          const bytes = this.content.get(name)
          if (bytes === undefined) continue
          this.content.delete(name)
          this.content.set(at(to) + name.slice(at(from).length), bytes)
        }
      },
      remove: async (path) => this.#remove(at(path)),
      check: async () => {},
    }
  }

  async #remove(path: string): Promise<void> {
    for (const name of [...this.#below(path), path]) this.content.delete(name)
  }

  #below(path: string): string[] {
    return [...this.content.keys()].filter((name) => name.startsWith(`${path}/`))
  }
}
