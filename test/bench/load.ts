// The load generator, a process of its own: distinct, signed deliveries over kept-open connections.
// node test/bench/load.ts PORT SECRET CONNECTIONS SECONDS FIRST-NUMBER [REPOSITORIES] → one JSON line
import { createHmac, randomUUID } from 'node:crypto'
import { connect } from 'node:net'
import { issueComments } from './issue-comment.ts'

const [port, secret, connections, seconds, first, repositories = '1'] = process.argv.slice(2) as [string, string, string, string, string, string?]
const template = issueComments()
const UUID = randomUUID()
const SIGNATURE = '0'.repeat(64)
const HEAD = Buffer.from(
  [
    'POST /api/github/webhooks HTTP/1.1',
    `Host: 127.0.0.1:${port}`,
    'User-Agent: GitHub-Hookshot/bench',
    'Accept: */*',
    'Content-Type: application/json',
    `Content-Length: ${template.bytes.length}`,
    'X-GitHub-Event: issue_comment',
    `X-GitHub-Delivery: ${UUID}`,
    'X-GitHub-Hook-ID: 1',
    'X-GitHub-Hook-Installation-Target-ID: 4711',
    'X-GitHub-Hook-Installation-Target-Type: integration',
    `X-Hub-Signature-256: sha256=${SIGNATURE}`,
    '\r\n',
  ].join('\r\n'),
)
const [uuidAt, signatureAt] = [HEAD.indexOf(UUID), HEAD.indexOf(SIGNATURE)]

/** Each connection has numbers of its own, and so a repository of its own. */
const repositoryOf = (number: number): number => (number % Number(connections)) % Number(repositories)

// Signed before the clock starts: only what differs between two deliveries is kept.
const prepared = Number(seconds) * 20_000
const signatures: Buffer[] = []
const scratch = Buffer.from(template.bytes)
for (let number = 0; number < prepared; number++) {
  template.write(scratch, Number(first) + number, repositoryOf(number))
  signatures.push(createHmac('sha256', secret).update(scratch).digest())
}

let answered = 0
const byRepository = Array.from({ length: Number(repositories) }, () => 0)
let refused = 0
let started = 0n
const latencies: number[] = []
const deadline = () => Number(process.hrtime.bigint() - started) / 1e9 > Number(seconds)

function run(connection: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let next = connection
    const request = Buffer.concat([HEAD, template.bytes])
    const body = request.subarray(HEAD.length)
    const socket = connect(Number(port), '127.0.0.1', send).setNoDelay(true).on('error', reject)
    let sentAt = 0n
    let text = ''
    const finish = (): void => {
      socket.destroy()
      resolve()
    }
    function send(): void {
      const number = next
      next += Number(connections)
      if (number >= prepared || deadline()) return finish()
      template.write(body, Number(first) + number, repositoryOf(number))
      request.write(signatures[number]!.toString('hex'), signatureAt, 'latin1')
      request.write(String(number).padStart(12, '0'), uuidAt, 'latin1')
      sentAt = process.hrtime.bigint()
      socket.write(request)
    }
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      const end = text.indexOf('\r\n\r\n')
      if (end < 0) return
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(text)?.[1] ?? 0)
      if (text.length < end + 4 + length) return
      if (text.startsWith('HTTP/1.1 20')) {
        answered++
        byRepository[connection % byRepository.length]! += 1
      } else refused++
      latencies.push(Number(process.hrtime.bigint() - sentAt) / 1e6)
      text = ''
      send()
    })
  })
}

started = process.hrtime.bigint()
await Promise.all(Array.from({ length: Number(connections) }, (_, connection) => run(connection)))
const elapsed = Number(process.hrtime.bigint() - started) / 1e9
latencies.sort((a, b) => a - b)
const percentile = (share: number) => latencies[Math.floor(latencies.length * share)] ?? 0
console.log(JSON.stringify({ perSecond: answered / elapsed, refused, p50: percentile(0.5), p99: percentile(0.99), byRepository }))
