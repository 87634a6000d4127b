import { html } from 'hono/html'
import type { Kept, RegistryFamily, ShownDeclaration } from '../../../deploy/administration.ts'
import { DECLARATION_NAME, DECLARATION_NAME_WORDS, declarationFor, MOST_IMAGES } from '../../declared.ts'
import type { Form } from '../../visit.ts'
import type { Markup } from '../../look/parts.ts'
import { RequestRefused } from '../../problems.ts'
import type { Site, Visit, Visiting } from '../../visit.ts'
import { asItIs, expectedIn, inWordsOfForms, notKept, refusalOf, type NotKept } from './changing.ts'
import { credentialForm, credentialIn, wayOf, waysOf, type CredentialDraft, type Way } from './credential-form.ts'
import { typedFrom } from './declared-fields.ts'
import { namesIn } from './field.ts'
import { accountIn, accountPage, NAME, under, type AccountVisit } from './frame.ts'
import { trialList } from './trial.ts'

/** A registry is connected step by step: whose it is, what to make there, and then it is tried before anything is kept. */
export function connect(site: Site, doors: Visiting): void {
  site.get(under('/connect'), async (c) => {
    const visit = await accountIn(c, 'look', doors)
    const family = familyNamed(c.req.query('family'), doors)
    if (family === null)
      return accountPage({ tab: 'credentials', title: 'Connect a registry', main: choosing(visit, doors) }, visit.account, c, doors)
    return draftPage({ family, way: wayIn(c.req.query('with'), family, null), before: null, typed: null }, null, visit, c, doors)
  })
  site.post(under('/connect'), async (c) => keep(null, await accountIn(c, 'change', doors), c, doors))
  site.get(under(`/credentials/${NAME}`), async (c) => {
    const visit = await accountIn(c, 'look', doors)
    const before = await credentialFor(c, visit, doors)
    const family = familyOf(before, doors)
    return draftPage({ family, way: wayIn(c.req.query('with'), family, before), before, typed: null }, null, visit, c, doors)
  })
  site.post(under(`/credentials/${NAME}`), async (c) => {
    const visit = await accountIn(c, 'change', doors)
    return keep(await credentialFor(c, visit, doors), visit, c, doors)
  })
}

const credentialFor = (c: Visit, { account }: AccountVisit, doors: Visiting): Promise<ShownDeclaration> =>
  declarationFor({ account: account.id, kind: 'credential', name: c.req.param('name') ?? '' }, doors)

const familyNamed = (name: string | undefined, { administration: { families } }: Visiting): RegistryFamily | null =>
  families.find((one) => one.name === name) ?? null

/** As it is declared, or as its host says. */
function familyOf({ declared }: ShownDeclaration, { administration: { families } }: Visiting): RegistryFamily {
  const value = typedFrom(declared)
  const [name, host] = [value('family'), value('registry')]
  const found = families.find((one) => (name === '' ? one.serves(host) : one.name === name)) ?? families.at(-1)
  if (found === undefined) throw new Error('there is no family of registries')
  return found
}

const wayIn = (named: string | undefined, family: RegistryFamily, before: ShownDeclaration | null): Way =>
  waysOf(family).find((way) => way === named) ?? wayOf(family, before?.declared ?? null)

function choosing({ account: { login } }: AccountVisit, { administration: { families } }: Visiting): Markup {
  const cards = families.map(
    ({ name, title, hosts }) =>
      html`<li class="card family">
        <a href="/a/${login}/connect?family=${name}"><b>${title}</b></a>
        <p class="soft">${hosts.length === 0 ? 'under a host of your own' : hosts.slice(0, 2).join(', ')}</p>
      </li>`,
  )
  return html`<p class="intro">
      Which registry are the images in? The next page says what to make there, tries it with an image of yours, and keeps it only if it works.
    </p>
    <ul class="cards families">
      ${cards}
    </ul>`
}

const WAYS: Record<Way, string> = { exchange: 'an identity of the cloud', login: 'a user name and a password', identity: 'an identity token' }

function draftPage(draft: CredentialDraft, failed: NotKept | null, visit: AccountVisit, c: Visit, doors: Visiting): Response | Promise<Response> {
  const { family, way, before } = draft
  const { account } = visit
  const path = before === null ? `/a/${account.login}/connect` : `/a/${account.login}/credentials/${before.name}`
  const others = waysOf(family).filter((one) => one !== way)
  const title = before === null ? `Connect ${family.name === 'generic' ? 'a registry' : family.title}` : `Replace ${before.name}`
  const main = html`${failed === null ? '' : html`${notKept(failed, doors.docs)} ${asItIs(before, failed)}`}
    ${before?.unused == null ? '' : html`<p class="problem">Nobody uses it as it is: ${before.unused}</p>`}
    <div class="narrow-form">${credentialForm(path, draft, visit, doors.docs)}</div>
    <p class="soft after">
      Or with
      ${others.map((one, index) => html`${index === 0 ? '' : ', or with '}<a href="${path}?family=${family.name}&amp;with=${one}">${WAYS[one]}</a>`)}.
      ${before === null ? html`<a href="/a/${account.login}/connect">Another registry</a>.` : ''}
    </p>`
  return accountPage({ tab: 'credentials', title, main, status: failed === null ? 200 : 422 }, account, c, doors)
}

async function keep(before: ShownDeclaration | null, visit: AccountVisit, c: Visit, doors: Visiting): Promise<Response> {
  const { account, visitor } = visit
  const form = c.get('form')
  const family = familyNamed(form.text('family'), doors) ?? doors.administration.families.at(-1)
  if (family === undefined) throw new Error('there is no family of registries')
  const draft = { family, way: wayIn(form.text('way'), family, before), before, typed: form }
  const result = await refusalOf(async () => {
    const [name, images] = [nameIn(form, before), imagesIn(form)]
    const document = await credentialIn(form, draft, visit, doors)
    const wish = { by: visitor.session.person, expected: expectedIn(form), images: form.given('untested') === null ? images : null }
    return doors.administration.keep({ account: account.id, kind: 'credential', name }, document, wish)
  })
  if (!('problem' in result)) return kept(result, visit, c, doors)
  // As it is now: what is sent again is sent on purpose.
  const now = before === null ? null : await doors.administration.find(before)
  return draftPage({ ...draft, before: now }, inWordsOfForms(result, form), visit, c, doors)
}

function nameIn(form: Form, before: ShownDeclaration | null): string {
  const name = before?.name ?? form.text('name')
  if (DECLARATION_NAME.test(name)) return name
  throw new RequestRefused('REQUEST_INVALID', {
    ...{
      sentence: 'The name is not one.',
      found: name === '' ? 'nothing' : name.slice(0, 80),
      wanted: DECLARATION_NAME_WORDS,
      next: 'Choose a name.',
    },
  })
}

function imagesIn(form: Form): readonly string[] {
  const images = namesIn(form.text('image'))
  if (images.length <= MOST_IMAGES && images.every(({ length }) => length <= 500)) return images
  throw new RequestRefused('REQUEST_INVALID', {
    ...{
      sentence: 'There are too many images, or one is too long.',
      found: `${images.length} images`,
      wanted: `at most ${MOST_IMAGES}`,
      next: 'Name fewer.',
    },
  })
}

function kept({ shown, isNew, trials }: Kept, { account }: AccountVisit, c: Visit, doors: Visiting): Response | Promise<Response> {
  const home = `/a/${account.login}`
  const isTried = trials.length > 0
  const main = html`<p class="notice" role="status">
      <b>${shown.name}</b> ${isTried ? 'works, and is kept' : 'is kept, untried'}. ${isNew ? '' : 'It is used instead of the one before from now on.'}
      Its secret is encrypted, and never shown again.
    </p>
    ${trialList(trials, doors.docs)}
    <h2>What is next</h2>
    <p>
      Targets of ${account.login} pull with the credential that fits the image, or with the one that they name. Nothing can be deployed before a
      target admits a repository.
    </p>
    <p class="actions">
      <a class="button primary" href="${home}/targets">Look at the targets</a>
      <a class="button" href="${home}/add-target">Add a target</a>
      <a class="button" href="${home}/credentials">All credentials</a>
    </p>`
  return accountPage({ tab: 'credentials', title: isNew ? 'The registry is connected' : `${shown.name} is replaced`, main }, account, c, doors)
}
