import type { Target, TargetKind } from '../../../../deploy/target.ts'
import { needsNode } from '../../machine.ts'

const elsewhere = () => needsNode('a site of files on a machine')
const refuse = (): Promise<never> => Promise.reject(elsewhere())

/** Stands in the Worker's bundle for the target `static`. It may be declared, so that one operator file is good for both; whoever means it is told before anything is done. */
export const staticSite: TargetKind<null> = {
  kind: 'static',
  fields: {},
  options: () => ({ options: null }),
  place: () => 'this machine',
  create: (): Target => ({
    ...{ kind: 'static', contract: 'versioned', platform: null, guarded: [] },
    parse: () => ({ problem: elsewhere().problem }),
    ...{ workloads: () => [], images: () => [] },
    ...{ apply: refuse, observe: refuse, reach: refuse },
  }),
}
