import type { Deployment, DeployRequest } from '../../../deploy/deployment.ts'
import { deploymentFor, formKey, paceChange, requestOf } from '../../asking.ts'
import { NONCE } from '../../form.ts'
import { RequestRefused } from '../../problems.ts'
import { visitorOf, type Form, type Site, type Visiting } from '../../visit.ts'
import { cancelled, judged, retried } from '../../wishing.ts'

type Grant = (request: DeployRequest, deployment: Deployment, form: Form, doors: Visiting) => Promise<Deployment> | Deployment

/** A rollback is none of them: what it would bring back is shown first. */
const GRANTS: Readonly<Record<string, Grant>> = {
  cancel: (request, deployment, _, doors) => cancelled(request, deployment, doors),
  retry: (request, deployment, _, doors) => retried(request, deployment, doors),
  deploy: (request, deployment, _, doors) => retried(request, deployment, doors),
  approve: (request, deployment, form, doors) =>
    judged(request, deployment, { isApproval: true, reason: form.given('reason')?.slice(0, LONGEST_REASON) ?? null }, doors),
  reject: (request, deployment, form, doors) => judged(request, deployment, { isApproval: false, reason: reasonIn(form) }, doors),
}

/** The forms of a deployment's page. Whoever sends one comes to the page of what it led to. */
export function wishes(site: Site, doors: Visiting, path: string): void {
  for (const [name, grant] of Object.entries(GRANTS)) {
    site.post(`${path}/${name}`, async (c) => {
      const { caller } = visitorOf(c)
      const form = c.get('form')
      const deployment = await deploymentFor(c.req.param('id') ?? '', caller, doors)
      const { repository } = deployment.request
      await paceChange(repository, caller, doors)
      const key = await formKey(caller, repository, `${name} ${deployment.id}`, form.given(NONCE), doors)
      const { id } = await grant(requestOf({ caller, repository, key, door: 'page' }, doors), deployment, form, doors)
      return c.redirect(`/d/${id}`, 303)
    })
  }
}

const LONGEST_REASON = 500

function reasonIn(form: Form): string {
  const reason = form.given('reason')
  if (reason !== null && reason.length <= LONGEST_REASON) return reason
  throw new RequestRefused('REQUEST_INVALID', {
    sentence: reason === null ? 'A rejection needs a reason.' : 'The reason is too long.',
    found: reason === null ? 'none' : `${reason.length} characters`,
    wanted: `1 to ${LONGEST_REASON} characters, for whoever asked`,
    next: 'Go back, and say in a few words why.',
  })
}
