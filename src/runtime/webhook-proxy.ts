import { Failure } from '../errors.ts'
import { WEBHOOK_PATH } from './front.ts'
import type { Log } from './log.ts'

/** Development only: fetches webhooks from a smee channel and hands them to the front at `url`. Returns what ends it. */
export async function listenToProxy(source: string, url: string, log: Log): Promise<() => void> {
  const smee = await import('smee-client').catch((error: unknown) => {
    const sentence = 'WEBHOOK_PROXY_URL is set, but the package smee-client is not installed.'
    throw new Failure('SETTING_INVALID', { sentence, next: 'Install with the development packages (npm ci), or unset WEBHOOK_PROXY_URL.' }, error)
  })
  const logger = { info: (text: string) => log.debug(text), error: (text: string) => log.warn(text) }
  const client = new smee.SmeeClient({ source, target: `${url}${WEBHOOK_PATH}`, logger })
  // Not waited for: Gantry runs, whether or not the channel answers today.
  client.start().then(
    () => log.info({ source }, 'webhooks arrive through a smee channel'),
    (error: unknown) => log.warn({ err: error, source }, 'the smee channel does not answer'),
  )
  return () => void client.stop()
}
