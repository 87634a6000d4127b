import * as z from 'zod'
import { approvals, branches, freeze, parties, proof, requirements, role } from './repository-schema.ts'

/**
 * `.github/deploy-defaults.yml` of an account's repository `.github`: what an environment's rules may demand, by the same schemas, but
 * what is left out demands nothing.
 */

const demands = z.strictObject({
  allow: z.strictObject({ role: role.optional(), any: parties.optional() }).prefault({}),
  from: z
    .strictObject({
      branches: branches.optional(),
      pull_requests: z.boolean().optional(),
      forks: z.boolean().optional(),
      drafts: z.boolean().optional(),
    })
    .prefault({}),
  approvals: approvals.optional(),
  require: requirements.prefault({}),
  verify: z.strictObject({ commit: proof.optional() }).prefault({}),
  freeze: freeze.optional(),
})

/** Each that matches is judged by itself. */
const MOST_ENTRIES = 50

const pattern = z
  .string()
  .regex(/^[A-Za-z0-9*][A-Za-z0-9._*-]{0,62}$/, 'an environment or a pattern such as "prod*", at most 63 letters, digits, ".", "_", "-" and "*"')

export const accountSchema = z.strictObject({
  version: z.literal(1),
  environments: z.record(pattern, demands).refine((all) => Object.keys(all).length <= MOST_ENTRIES, `a mapping of at most ${MOST_ENTRIES} names`),
})

export type DemandsDocument = z.output<typeof demands>
