import { join } from 'node:path'
import type { Doors } from '../deploy/target.ts'
import type { Settings } from '../settings.ts'
import { systemClock } from './clock.ts'
import { endpointFetch } from './endpoint.ts'
import { nodeFiles } from './files.ts'

/** What targets of this machine are made with. */
export const targetDoors = ({ data }: Pick<Settings, 'data'>): Doors => ({
  fetch: (endpoint) => endpointFetch(endpoint),
  files: (name) => nodeFiles(join(data, 'targets', name)),
  clock: systemClock,
})
