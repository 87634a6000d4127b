import { createHash } from 'node:crypto'
import { expect, inject, onTestFailed, test } from 'vitest'
import type { CheckRun, Comment } from './world/github/state.ts'
import type { Person } from './world/github/people.ts'
import { onHost } from './world/host.ts'
import { screenplay } from './world/screenplay.ts'
import { spoken } from './world/spoken.ts'
import { Browser } from './world/visit.ts'
import { World, type Called, type WorldOptions } from './world/world.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Only each nth crossing is died at. */
    crashEvery: number
  }
}

/** Somebody in a story: whatever they do reaches the bot, and everything has come to rest when they are done. */
export class Character {
  readonly #world: World
  readonly person: Person
  /** With the pages in it. */
  readonly browser: Browser
  readonly #thread: () => number
  #token: string | null = null

  constructor(world: World, person: Person, thread: () => number) {
    this.#world = world
    this.person = person
    this.#thread = thread
    this.browser = new Browser(world, person)
  }

  async comments(text: string, on = this.#thread()): Promise<Comment> {
    const comment = this.person.comments(on, text)
    await this.#world.settle()
    return comment
  }

  /** Calls the API with a token of theirs: the status, and the JSON or text that came. */
  async calls(method: string, path: string, body?: object, headers: Readonly<Record<string, string>> = {}): Promise<Called> {
    this.#token ??= this.#world.github.auth.signsIn(this.person.account)
    const called = await this.#world.calls(method, path, body, { authorization: `Bearer ${this.#token}`, ...headers })
    await this.#world.settle()
    return called
  }

  /** A button of a check run, by its label. */
  async presses(label: string, check: CheckRun): Promise<void> {
    this.person.presses(label, check)
    await this.#world.settle()
  }

  async reruns(check: CheckRun): Promise<void> {
    this.person.reruns(check)
    await this.#world.settle()
  }

  async labels(name: string, on = this.#thread()): Promise<void> {
    this.person.labels(on, name)
    await this.#world.settle()
  }

  /** Pushes to the pull request's branch. */
  async pushes(branch = 'checkout'): Promise<string> {
    const commit = this.person.pushes(branch)
    await this.#world.settle()
    return commit
  }

  async edits(comment: Comment, text: string): Promise<void> {
    this.person.edits(comment, text)
    await this.#world.settle()
  }

  async deletes(comment: Comment): Promise<void> {
    this.person.deletes(comment)
    await this.#world.settle()
  }
}

/** What the bot says, comment by comment: each is read once, and one that nobody read fails the story. */
export class Ear {
  readonly #world: World
  readonly #read = new Set<number>()

  constructor(world: World) {
    this.#world = world
  }

  /** Its oldest comment that has not been read, as it stands now. */
  says(): string {
    const next = this.unread()[0]
    if (next === undefined) throw new Error('the bot said nothing more')
    this.#read.add(next.id)
    return spoken(next.body, this.#world.pull.pull?.head)
  }

  /** The same comment before it is read, with what `says` leaves out. */
  hears(): string {
    return this.unread()[0]?.body ?? ''
  }

  unread(): Comment[] {
    const { bot, repository } = this.#world.github
    const comments = [...repository.issues.values()].flatMap((issue) => issue.comments)
    return comments.filter(({ id, author, isDeleted }) => author.id === bot.id && !isDeleted && !this.#read.has(id)).toSorted((a, b) => a.id - b.id)
  }

  /** What is left to say does not matter to this story. */
  isHeard(): void {
    for (const { id } of this.unread()) this.#read.add(id)
  }
}

export interface Cast {
  readonly world: World
  readonly ada: Character
  readonly grace: Character
  readonly mallory: Character
  readonly trent: Character
  readonly eve: Character
  readonly bot: Ear
  readonly github: World['github']
  readonly registry: World['registry']
  readonly engine: World['engine']
  readonly time: World['time']
}

type Tale = (cast: Cast) => Promise<void> | void

const tell = (tale: Tale, options: WorldOptions): Promise<World> => onHost((host) => tellOn(tale, { ...options, host }))

async function tellOn(tale: Tale, options: WorldOptions): Promise<World> {
  const world = await World.begin(options)
  const thread = (): number => world.pull.number
  const character = (person: Person): Character => new Character(world, person, thread)
  const { ada, grace, mallory, trent, eve } = world.github.people
  const bot = new Ear(world)
  onTestFailed(() => console.log(screenplay(world.github, world.pull.number)))
  const people = { ada: character(ada), grace: character(grace), mallory: character(mallory), trent: character(trent), eve: character(eve) }
  try {
    await tale({ world, bot, github: world.github, registry: world.registry, engine: world.engine, time: world.time, ...people })
    await world.settle()
    if (bot.unread().length > 0)
      throw new Error(
        `the bot also said, and nobody read it:\n${bot
          .unread()
          .map(({ body }) => body)
          .join('\n\n')}`,
      )
    world.isQuiet()
  } catch (error) {
    if (options.death) throw new Error(`died ${options.death.side} crossing ${options.death.at}: ${String(error)}`, { cause: error })
    throw error
  } finally {
    await world.end()
  }
  return world
}

/**
 * A story is told twice: as it is, and with the process dying at one crossing, chosen by the story's name. Both must end the same,
 * which is what the story's own expectations say. `story.once` is for stories about trouble that a death would change.
 */
export function story(name: string, tale: Tale, options: WorldOptions = {}): void {
  test(name, async () => {
    const { crossed } = await tell(tale, options)
    await tell(tale, { ...options, death: seeded(name, crossed) })
  })
}

/** `timeout`: milliseconds, where five seconds are few for what it does on a machine that has other work. */
story.once = (name: string, tale: Tale, { timeout, ...options }: WorldOptions & { readonly timeout?: number } = {}): void => {
  test(name, timeout === undefined ? {} : { timeout }, async () => {
    await tell(tale, options)
  })
}

/** `npm run check` has a minute for everything: GANTRY_CRASH_EVERY leaves more of them out. */
const AT_LEAST = inject('crashEvery')

/** A story that is told with a death before and after every crossing (`every`: only each nth of them). */
story.atEveryCrossing = (name: string, tale: Tale, { every = 1, ...options }: WorldOptions & { readonly every?: number } = {}): void => {
  test(name, { timeout: 300_000 }, async () => {
    const { crossed } = await tell(tale, options)
    expect(crossed).toBeGreaterThan(20)
    for (let at = 1; at <= crossed; at += Math.max(every, AT_LEAST)) {
      for (const side of ['before', 'after'] as const) await tell(tale, { ...options, death: { at, side } })
    }
  })
}

function seeded(name: string, crossings: number): { at: number; side: 'before' | 'after' } {
  const seed = createHash('sha256').update(name).digest()
  return { at: 1 + (seed.readUInt32BE(0) % crossings), side: (seed[4] ?? 0) % 2 === 0 ? 'before' : 'after' }
}

export { expect }
