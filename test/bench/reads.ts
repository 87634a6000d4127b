// The load generator of reads, a process of its own: the same requests over kept-open connections.
// node test/bench/reads.ts PORT TOKENS CONNECTIONS SECONDS PER-SECOND PATHS → one JSON line; PER-SECOND 0: as many as come; TOKENS, PATHS: files, one a line
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'

const [port = '', tokens = '', connections = '', seconds = '', rate = '', paths = ''] = process.argv.slice(2)
const linesOf = (file: string): string[] => readFileSync(file, 'utf8').trim().split('\n')
const [callers, addresses] = [linesOf(tokens), linesOf(paths)]
const requests = Array.from({ length: Math.max(callers.length, addresses.length) }, (_, index) =>
  Buffer.from(
    `GET ${addresses[index % addresses.length]} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${callers[index % callers.length]}\r\n\r\n`,
  ),
)

const latencies: number[] = []
let [answered, refused, next] = [0, 0, 0]
const started = performance.now()
const gap = Number(rate) === 0 ? 0 : (Number(connections) * 1000) / Number(rate)

/** With a rate it is counted from when it should have left, so that a slow answer is not hidden by the next that waits for it. */
function run(index: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let due = started + (gap / Number(connections)) * index
    let text = ''
    const socket = connect(Number(port), '127.0.0.1').setNoDelay(true).on('error', reject)
    const finish = (): void => {
      socket.destroy()
      resolve()
    }
    const send = (): void => {
      const now = performance.now()
      if (now - started > Number(seconds) * 1000) return finish()
      if (gap > 0 && due > now) return void setTimeout(send, due - now)
      if (gap === 0) due = now
      socket.write(requests[next++ % requests.length] ?? '')
    }
    socket.on('connect', send)
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      const end = text.indexOf('\r\n\r\n')
      if (end < 0 || text.length < end + 4 + Number(/\r\ncontent-length: *(\d+)/i.exec(text)?.[1] ?? 0)) return
      if (text.startsWith('HTTP/1.1 200')) answered += 1
      else refused += 1
      latencies.push(performance.now() - due)
      text = ''
      due += gap
      send()
    })
  })
}

// It never sleeps: otherwise each answer of a server that is slower than it pays 10 µs for waking it, and each of a faster one nothing.
let isOver = false
const spin = (): void => {
  if (!isOver) setImmediate(spin)
}
if (gap === 0) spin()
await Promise.all(Array.from({ length: Number(connections) }, (_, index) => run(index)))
isOver = true
const elapsed = (performance.now() - started) / 1000
latencies.sort((a, b) => a - b)
const percentile = (share: number) => latencies[Math.floor(latencies.length * share)] ?? 0
console.log(JSON.stringify({ perSecond: answered / elapsed, refused, p50: percentile(0.5), p99: percentile(0.99) }))
