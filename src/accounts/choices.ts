import type { DeclaredField, DeclaredKind, RegistryFamily } from '../deploy/administration.ts'
import { guides, type Guide } from '../registry/forms.ts'
import { targetKinds } from '../targets/index.ts'

/** What there is to choose from when something is declared: as the keychains and the targets say of themselves. */

export const registryFamilies: readonly RegistryFamily[] = guides.map(({ name, title, hosts, make, serves, exchange }) => ({
  ...{ name, title, hosts, make, serves },
  exchange: exchange === undefined ? null : { key: exchange.key, fields: Object.entries(exchange.fields).map(fieldOf) },
}))

type Given = NonNullable<Guide['exchange']>['fields'][string]

function fieldOf([name, field]: readonly [name: string, field: Given]): DeclaredField {
  return { name, form: field.startsWith('text') ? 'text' : 'secret', isOptional: field.endsWith('?'), hint: null }
}

export const declaredKinds: readonly DeclaredKind[] = targetKinds.map(({ kind, fields }) => ({
  kind,
  fields: Object.entries(fields).map(([name, field]) => ({ name, ...field })),
}))
