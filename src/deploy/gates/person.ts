import { mayDeploy } from '../may-deploy.ts'
import type { Gate } from './gate.ts'

/** The person's own role, by user id: logins are given up and taken again by others. */
export const person: Gate = {
  name: 'person',
  skippedBy: [],
  judge: ({ request, facts, proposal }) => (facts === null ? null : mayDeploy(request, facts, proposal?.rules ?? null)),
}
