import { Secret } from '../../secret.ts'
import { registryOrigin } from '../address.ts'
import { isObject, parseObject } from '../answer.ts'
import type { Credential } from '../credential.ts'
import type { Given, Minted, Minting, VendorAnswer } from '../exchange.ts'
import { advise, form, originProblem, spelled, textIn, textsIn, textsOf } from '../given.ts'
import type { Advice } from '../given.ts'
import type { Keychain } from '../keychain.ts'

/** Azure Container Registry: an identity of Entra is exchanged at the registry itself for a refresh token of three hours. */
export const acr: Keychain = {
  name: 'acr',
  title: 'Azure Container Registry',
  hosts: ['*.azurecr.io', '*.azurecr.cn', '*.azurecr.us'],
  serves: (registry) => HOST.test(registry),
  lint: () => null,
  suspect,
  deniedAtToken: 'PERMISSION_DENIED',
  make: 'Register an application in Entra, give it a client secret, and assign it AcrPull on the registry (Container Registry Repository Reader where the registry uses attribute-based access control).',
  grant: 'Assign the role AcrPull (Container Registry Repository Reader, where the registry uses ABAC) on this registry to the identity.',
  sayings: [
    // issue: registry.md, 2.1; doc: aka.ms/acr/firewall
    {
      status: [401, 403],
      words: /client with IP .* is not allowed access/i,
      means: 'NETWORK_POLICY_DENIED',
      next: 'Add the address that "found" names to the registry’s firewall (Networking → Public access), or use a private endpoint.',
    },
    // know: Entra's words, passed on by the registry's token server for a service principal
    {
      at: 'token server',
      status: [401, 403],
      words: /AADSTS7000222/,
      means: 'CREDENTIAL_EXPIRED',
      next: 'Make a new client secret for the service principal (it lives for a year at most by default), and store it.',
    },
    {
      at: 'token server',
      status: [401, 403],
      words: /AADSTS\d+|invalid clientid or client secret|application not registered/i,
      means: 'CREDENTIALS_INVALID',
    },
  ],
  exchange: { key: 'entra', fields: { tenant: 'text', client_id: 'text', client_secret: 'secret', authority: 'text?' }, check, mint },
}

const HOST = /^([a-z0-9-]+\.)+azurecr\.(io|cn|us)$/
const THREE_HOURS = 3 * 3_600_000 // learn.microsoft.com, "Azure Container Registry authentication"; the answer does not say it
const NOBODY = '00000000-0000-0000-0000-000000000000' // the user name that goes with a refresh token
const SCOPE = 'https://containerregistry.azure.net/.default'
// know: Entra's authorities in the sovereign clouds, by the registry's last label; `authority` names another
const AUTHORITIES: ReadonlyMap<string, string> = new Map([
  ['cn', 'https://login.partner.microsoftonline.cn'],
  ['us', 'https://login.microsoftonline.us'],
])

function check(given: Given): string | null {
  const isName = /^[\w.-]+$/.test(textIn(given, 'tenant'))
  return isName ? originProblem(given, ['authority']) : 'tenant is not the id of a tenant, or one of its domains.'
}

async function mint(given: Given, minting: Minting): Promise<Minted> {
  const token = await askEntra(given, minting)
  // Azure/acr, docs/AAD-OAuth.md, "Calling POST /oauth2/exchange"
  const fields = { grant_type: 'access_token', service: minting.registry, tenant: textIn(given, 'tenant'), access_token: token }
  const url = new URL('/oauth2/exchange', registryOrigin(minting.registry, []))
  const answer = await minting.ask({ method: 'POST', url, ...form(fields), secrets: [token] })
  const refreshToken = textsOf(answer).get('refresh_token') ?? ''
  if (answer.status !== 200 || refreshToken === '') throw refusedByRegistry(answer, minting)
  return { credential: { kind: 'basic', username: NOBODY, password: new Secret(refreshToken) }, lifetime: THREE_HOURS }
}

/** Client credentials ("OAuth 2.0 client credentials flow", learn.microsoft.com). */
async function askEntra(given: Given, minting: Minting): Promise<string> {
  const authority = textIn(given, 'authority') || AUTHORITIES.get(minting.registry.replace(/^.*\./, '')) || 'https://login.microsoftonline.com'
  const secret = textIn(given, 'client_secret')
  const fields = { grant_type: 'client_credentials', client_id: textIn(given, 'client_id'), client_secret: secret, scope: SCOPE }
  const url = new URL(`/${textIn(given, 'tenant')}/oauth2/v2.0/token`, authority)
  const answer = await minting.ask({ method: 'POST', url, ...form(fields), secrets: spelled(secret) })
  const said = textsOf(answer)
  const token = said.get('access_token') ?? ''
  if (answer.status !== 200) throw minting.fail(answer, advise(ADVICE, said.get('error') ?? '', said.get('error_description') ?? ''))
  if (token === '') throw minting.fail(answer, { message: 'Entra answered without access_token.' })
  return token
}

/** Entra's numbers ("Microsoft Entra authentication and authorization error codes", learn.microsoft.com). */
const ADVICE: readonly Advice[] = [
  {
    words: /AADSTS7000215/,
    next: 'Store the value of the client secret as client_secret, not its id.',
    isRefused: true,
  },
  { words: /AADSTS7000222/, next: 'Make a new client secret for the application: this one has expired.', isRefused: true },
  {
    words: /AADSTS700016/,
    next: 'Check client_id and tenant: this tenant has no application with that id.',
    isRefused: true,
  },
  { words: /AADSTS(90002|900023)/, next: 'Check tenant (its id, or one of its domains), and authority where the cloud is a sovereign one.' },
  { words: /AADSTS500011/, next: 'Register the resource provider Microsoft.ContainerRegistry in this tenant: it does not know Container Registry.' },
]

function refusedByRegistry(answer: VendorAnswer, minting: Minting) {
  if (answer.status === 200) return minting.fail(answer, { message: 'The registry answered without refresh_token.' })
  const errors = parseObject(answer.text)?.['errors']
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined
  const said = textsIn(isObject(first) ? first : {})
  return minting.fail(answer, advise(AT_REGISTRY, said.get('code') ?? '', said.get('message') ?? ''))
}

const AT_REGISTRY: readonly Advice[] = [
  {
    words: /client with IP/,
    next: 'Add the address that "found" names to the registry’s firewall (Networking → Public access), or use a private endpoint.',
  },
  { words: /^(UNAUTHORIZED|DENIED)/, next: 'Assign AcrPull on this registry to the application, and check that tenant is the registry’s.' },
]

function suspect(_registry: string, credential: Credential): string | null {
  if (credential.kind !== 'basic' || credential.username !== NOBODY) return null
  return 'Store a service principal below `entra` in the operator file: what is stored is a refresh token, which ends after three hours.'
}
