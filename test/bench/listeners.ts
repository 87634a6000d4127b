// Many listeners to event streams, in a process of their own.
// node test/bench/listeners.ts PORT TOKENS COUNT PATH → one JSON line, once every stream has ended
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'

const [port = '', tokens = '', count = '', path = ''] = process.argv.slice(2)

const callers = readFileSync(tokens, 'utf8').trim().split('\n')

/** The events' ids of one stream, in the order in which they came. */
function listen(token: string): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1').on('error', reject)
    let text = ''
    socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`)
    socket.on('data', (chunk) => (text += chunk.toString('latin1')))
    socket.on('close', () => resolve([...text.matchAll(/^id: (.+?)\r?$/gm)].map(([, id = '']) => id)))
  })
}

const all = await Promise.all(Array.from({ length: Number(count) }, (_, index) => listen(callers[index % callers.length] ?? '')))
const steps = (id: string): number => Number(id.split('-')[0])
const isInOrder = (ids: readonly string[]): boolean => ids.every((id, index) => index === 0 || steps(id) >= steps(ids[index - 1] ?? ''))
const whole = Math.max(...all.map((ids) => steps(ids.at(-1) ?? '0')))
const isWhole = (ids: readonly string[]): boolean => new Set(ids.map(steps)).size >= whole && new Set(ids).size === ids.length
console.log(JSON.stringify({ streams: all.length, events: whole, wrong: all.filter((ids) => !isInOrder(ids) || !isWhole(ids)).length }))
