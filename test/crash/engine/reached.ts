/** What happened in a world that must happen sometimes: each line of `SOMETIMES` at least once in a thousand seeds. */
export class Reached {
  readonly all = new Set<string>()

  note(what: string): void {
    this.all.add(what)
  }
}
