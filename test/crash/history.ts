import type { World } from '../world/world.ts'

/** A change of what a target runs or has, as its own side saw it. */
export interface Effect {
  readonly environment: 'staging' | 'production'
  readonly operation: string
  readonly fence: number
  /** The container, or the content of `current`. */
  readonly what: string
  /** Whether the record said at that time that this was about to happen. */
  readonly isIntended: boolean
}

/** What happened at the targets, in order; asked of the targets themselves after everything that happens. */
export class History {
  readonly effects: Effect[] = []
  /** Environments seen with more than one deployment at work. */
  readonly crowded = new Set<string>()
  readonly #containers = new Set<string>()
  #current = ''

  look(world: World): void {
    const rows = world.disk.all(
      'select environment, count(*) as n from deployment where state in (?, ?) group by environment',
      'applying',
      'observing',
    )
    for (const { environment, n } of rows) if (Number(n) > 1) this.crowded.add(String(environment))
    const isIntended = (operation: string): boolean =>
      world.disk.all(`select 1 from step join deployment on sequence = deployment where id = ? and name = 'apply'`, operation).length > 0
    for (const { id, labels } of world.engine.simulator.containers.values()) {
      if (this.#containers.has(id)) continue
      this.#containers.add(id)
      const operation = labels['gantry.operation'] ?? ''
      const fence = Number(labels['gantry.fence'])
      this.effects.push({ environment: 'production', operation, fence, what: id, isIntended: isIntended(operation) })
    }
    const current = new TextDecoder().decode(world.files.content.get('site/current'))
    if (current === this.#current) return
    this.#current = current
    const { operation, fence } = JSON.parse(current) as { operation: string; fence: number }
    this.effects.push({ environment: 'staging', operation, fence, what: current, isIntended: isIntended(operation) })
  }
}
