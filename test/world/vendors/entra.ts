import type { Caught, Reply } from '../scripted-server.ts'
import { formIn, json } from './reply.ts'

export interface EntraSetup {
  readonly vendor: 'entra'
  readonly tenant: string
  readonly clientId: string
  readonly secret: string
  readonly hasExpired?: boolean
  /** What Entra hands out, and what the registry makes of it. */
  readonly accessToken: string
  readonly refreshToken: string
  /** Whether the registry lets it pull, or why not. */
  readonly registry: 'allows' | 'denies' | 'firewall'
}

/** Entra's token endpoint, and `POST /oauth2/exchange` of a registry, on one host; with their documented errors. */
export function answerAsEntra(setup: EntraSetup, caught: Caught): Reply {
  const form = formIn(caught)
  if (caught.url === '/oauth2/exchange') return exchange(setup, caught, form)
  const [, tenant = '', ...rest] = caught.url.split('/')
  if (form === null || rest.join('/') !== 'oauth2/v2.0/token') return { status: 404 }
  const fields = Object.keys(form).toSorted().join(' ')
  if (fields !== 'client_id client_secret grant_type scope' || form['grant_type'] !== 'client_credentials') {
    return refuse(400, 'invalid_request', 900144, `The request body must contain other parameters than: ${fields}.`)
  }
  if (tenant !== setup.tenant)
    return refuse(400, 'invalid_request', 90002, `Tenant '${tenant}' not found. Check to make sure you have the correct tenant ID.`)
  if (form['client_id'] !== setup.clientId) {
    return refuse(
      400,
      'unauthorized_client',
      700016,
      `Application with identifier '${form['client_id']}' was not found in the directory '${tenant}'.`,
    )
  }
  if (form['client_secret'] !== setup.secret) {
    return refuse(
      401,
      'invalid_client',
      7000215,
      'Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID.',
    )
  }
  if (setup.hasExpired === true)
    return refuse(401, 'invalid_client', 7000222, `The provided client secret keys for app '${setup.clientId}' are expired.`)
  if (form['scope'] !== 'https://containerregistry.azure.net/.default') {
    return refuse(400, 'invalid_resource', 500011, `The resource principal named ${form['scope']} was not found in the tenant.`)
  }
  return json(200, { token_type: 'Bearer', expires_in: 3599, ext_expires_in: 3599, access_token: setup.accessToken })
}

const refuse = (status: number, error: string, number: number, words: string): Reply =>
  json(status, { error, error_description: `AADSTS${number}: ${words} Trace ID: 0 Correlation ID: 0`, error_codes: [number] })

function exchange(setup: EntraSetup, caught: Caught, form: Readonly<Record<string, string>> | null): Reply {
  const wanted = { grant_type: 'access_token', service: caught.headers['host'], tenant: setup.tenant, access_token: setup.accessToken }
  if (JSON.stringify(form) !== JSON.stringify(wanted)) return errors(400, 'BAD_REQUEST', 'the form is not as documented')
  if (setup.registry === 'firewall') {
    return errors(403, 'DENIED', "client with IP '203.0.113.7' is not allowed access. Refer https://aka.ms/acr/firewall to grant access.")
  }
  if (setup.registry === 'denies')
    return errors(401, 'UNAUTHORIZED', 'authentication required, visit https://aka.ms/acr/authorization for more information.')
  return json(200, { refresh_token: setup.refreshToken })
}

const errors = (status: number, code: string, message: string): Reply => json(status, { errors: [{ code, message, detail: null }] })
