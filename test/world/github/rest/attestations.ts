/** Attestations by the digest that they are about. */
import { addressOf } from '../attestations.ts'
import { notFound } from '../refusal.ts'
import { page } from './route.ts'
import type { Route } from './route.ts'

export const attestationRoutes: Readonly<Record<string, Route>> = {
  'GET /repos/{owner}/{repo}/attestations/{subject_digest}': {
    answer: (context, home) => {
      const kept = home.attestations.get(context.parameters['subject_digest'] ?? '')
      if (kept === undefined) throw notFound()
      const type = context.query.get('predicate_type')
      const shown = kept.filter(({ predicateType }) => [null, predicateType].includes(type)).toReversed()
      const { items, headers } = page(context, shown, 'after')
      // As since the version 2026-03-10: without the bundle itself.
      const attestations = items.map(({ id }) => ({ repository_id: home.id, bundle_url: addressOf(id), initiator: 'github-actions' }))
      return { status: 200, headers, stated: { attestations } }
    },
  },
}
