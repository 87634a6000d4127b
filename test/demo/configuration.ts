import type { OciRegistry } from '../world/oci-registry.ts'

/** Where each environment's site is served: an origin of its own. */
export type Sites = Readonly<Record<Environment, URL>>
export const ENVIRONMENTS = ['staging', 'production'] as const
export type Environment = (typeof ENVIRONMENTS)[number]

/** `.github/deploy.yml` on the default branch. CI tags each commit's image with it. */
export const deployYml = (registry: OciRegistry, sites: Sites): string => `version: 1
app: shop
images:
  main: { repository: ${registry.name('acme/shop')}, tag: "sha-{short_sha}" }
default: staging
environments:
${ENVIRONMENTS.map((name) => `  ${name}: { target: ${name}, settings: { path: /site }, url: "${sites[name].origin}" }`).join('\n')}
`

/** `gantry.yml` beside the database: the registry's password by reference, and what the repository may use. */
export const operatorYml = (registry: OciRegistry, sites: Sites, repositoryId: number): string => `version: 1
credentials:
  shop: { registry: "${registry.host}", repositories: ["acme/*"], username: gantry, password: { env: REGISTRY_PASSWORD } }
targets:
${ENVIRONMENTS.map(
  (name) => `  ${name}:
    kind: static
    listen: ${sites[name].host}
    allow: [{ repository: acme/shop, id: ${repositoryId}, environments: [${name}], images: ["${registry.name('acme/*')}"] }]`,
).join('\n')}
`
