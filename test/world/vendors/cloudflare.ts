import type { Caught, Reply } from '../scripted-server.ts'
import { json } from './reply.ts'

export interface CloudflareSetup {
  readonly vendor: 'cloudflare'
  readonly account: string
  readonly token: string
  readonly password: string
  readonly registry: 'managed' | 'absent' | 'public'
}

/** `POST /client/v4/accounts/{id}/containers/registries/{domain}/credentials`, with the answers of its OpenAPI description. */
export function answerAsCloudflare(setup: CloudflareSetup, { method, url, headers, body }: Caught): Reply {
  if (headers.authorization !== `Bearer ${setup.token}`) return refuse(403, 10000, 'Authentication error')
  const path = `/client/v4/accounts/${setup.account}/containers/registries/registry.cloudflare.com/credentials`
  if (method !== 'POST' || url !== path) return refuse(404, 7003, `Could not route to ${url}`)
  if (headers['content-type'] !== 'application/json' || !/^\{"expiration_minutes":\d+,"permissions":\["pull"\]\}$/.test(body)) {
    return json(400, { error: 'VALIDATE_INPUT' })
  }
  if (setup.registry === 'absent') return json(404, { error: 'IMAGE_REGISTRY_NOT_CONFIGURED' })
  if (setup.registry === 'public') return json(409, { error: 'IMAGE_REGISTRY_IS_PUBLIC' })
  const result = { account_id: setup.account, registry_host: 'registry.cloudflare.com', username: 'v1', password: setup.password }
  return json(201, { success: true, errors: [], messages: [], result })
}

const refuse = (status: number, code: number, message: string): Reply =>
  json(status, { success: false, errors: [{ code, message }], messages: [], result: null })
