// Loaded into the process under attack: at the signal SIGUSR2 an error ends it that carries secrets wherever errors can.
import { readFileSync } from 'node:fs'

const [how = '', path = ''] = (process.env['BAD_END'] ?? '').split(' ')

process.once('SIGUSR2', () => {
  const secrets = readFileSync(path, 'utf8').split('\0')
  const cause = Object.assign(new Error(`the request failed: ${secrets.join(' ')}`), {
    request: { headers: { authorization: `Basic ${Buffer.from(secrets.join()).toString('base64')}` } },
    response: { data: secrets },
  })
  const errors = secrets.map((secret) => Object.assign(new Error(secret), { code: 'E', options: { password: secret } }))
  const error = new AggregateError(errors, `several: ${secrets.join(' | ')}`, { cause })
  error.name = `Error of ${secrets[0]}`
  if (how === 'rejects') void Promise.reject(error)
  else throw error
})
