import type { Death } from '../world/crossings.ts'
import type { Finding } from './finding.ts'
import { neverReached } from './engine/reached.ts'
import type { EngineOutcome } from './engine/worlds.ts'
import type { Outcome } from './worlds.ts'

const EVERY = 10_000 // ms between two words about how far it is
const MOST_TOLD = 20

/** Adds up what became of every world, and says at once what should not have. */
export class Tally {
  readonly total: Record<Finding['kind'] | 'worlds' | 'crashes', number> = { worlds: 0, crashes: 0, lost: 0, doubled: 0, stale: 0, broken: 0 }
  readonly #reached = new Map<string, number>()
  #seeds = 0
  #told = 0
  #said = performance.now()
  #chapter = ''

  begins(chapter: string): void {
    this.#chapter = chapter
    console.error(`${chapter} …`)
  }

  /** One of the whole bot's worlds. */
  bot({ job, crashes, findings, screenplay }: Outcome): void {
    const path = job.path ?? 'none'
    const death = job.path === null || job.deaths.length === 0 ? '' : ` --death "${textOf(job.deaths)}"`
    this.#add(
      { crashes, findings, name: `SEED=${job.seed} CRASH=${textOf(job.deaths)} PATH=${path}` },
      `--path "${path}"${death}`,
      job.seed,
      screenplay,
    )
  }

  engine({ job, crashes, findings, story }: EngineOutcome): void {
    const { seed, contract, deaths } = job
    const words = `${contract === undefined ? '' : ` --contract ${contract}`}${deaths === undefined ? '' : ` --death "${textOf(deaths)}"`}`
    this.#add({ crashes, findings, name: `SEED=${seed} CRASH=${textOf(deaths ?? null)}` }, `--path engine${words}`, seed, story)
  }

  /** A seed as it says itself: what it reached counts. */
  seed(outcome: EngineOutcome): void {
    this.#seeds += 1
    for (const what of outcome.reached) this.#reached.set(what, (this.#reached.get(what) ?? 0) + 1)
    this.engine(outcome)
  }

  repeated(seed: number, isSame: boolean): void {
    if (isSame) return
    this.total.broken += 1
    console.error(`SEED=${seed} was another history the second time`)
  }

  /** `isToTell`: false where each was told when it was found. */
  killed(kills: number, findings: readonly Finding[], isToTell = true): void {
    this.total.worlds += 1
    this.total.crashes += kills
    for (const { kind, what } of findings) {
      this.total[kind] += 1
      if (isToTell) console.error(`  ${kind}: ${what}`)
    }
  }

  /** What the seeds should have reached and have not. */
  covers(): boolean {
    const missing = neverReached(this.#reached, this.#seeds)
    for (const what of missing) console.error(`not reached as often as so many seeds should: ${what}`)
    return missing.length === 0
  }

  #add(
    { crashes, findings, name }: { crashes: number; findings: readonly Finding[]; name: string },
    words: string,
    seed: number,
    story: string,
  ): void {
    const { total } = this
    total.worlds += 1
    total.crashes += crashes
    for (const { kind } of findings) total[kind] += 1
    if (performance.now() - this.#said > EVERY) {
      this.#said = performance.now()
      console.error(`${this.#chapter}: ${total.worlds} worlds, ${total.crashes} crashes so far`)
    }
    if (findings.length === 0 || (this.#told += 1) > MOST_TOLD) return
    console.error(`\n${name}`)
    for (const { kind, what } of findings) console.error(`  ${kind}: ${what}`)
    console.error(`again: npm run crash -- --seeds 1 --seed ${seed} ${words}\n\n${story}`)
  }
}

function textOf(deaths: readonly Death[] | null): string {
  if (deaths === null) return 'as the seed says'
  return deaths.map(({ side, at }) => `${side} ${at}`).join(', ') || 'none'
}
