const webhook = 'POST /api/github/webhooks HTTP/1.1'

/** Requests whose end is in doubt, or that try to be read in two ways, with the status that refuses them. */
export const FRAMING: readonly (readonly [what: string, bytes: string, status: 400 | 404])[] = [
  ['an absolute form', 'GET http://127.0.0.1/healthz HTTP/1.1\r\nhost: x\r\n\r\n', 404],
  ['//[', 'GET //[ HTTP/1.1\r\nhost: x\r\n\r\n', 404],
  ['/%', 'GET /% HTTP/1.1\r\nhost: x\r\n\r\n', 404],
  ['/%00', 'GET /%00 HTTP/1.1\r\nhost: x\r\n\r\n', 404],
  ['/..%2f', 'GET /..%2fhealthz HTTP/1.1\r\nhost: x\r\n\r\n', 404],
  ['no host', 'GET /healthz HTTP/1.1\r\n\r\n', 400],
  ['two lengths', `${webhook}\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab`, 400],
  ['a negative length', `${webhook}\r\nhost: x\r\ncontent-length: -1\r\n\r\n`, 400],
  ['length and chunks', `${webhook}\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
  ['chunks and length', `${webhook}\r\nhost: x\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n`, 400],
  ['two encodings', `${webhook}\r\nhost: x\r\ntransfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n`, 400],
  ['an encoding with a space before its colon', `${webhook}\r\nhost: x\r\ntransfer-encoding : chunked\r\n\r\n0\r\n\r\n`, 400],
  ['strange chunks', 'POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: xchunked\r\n\r\n0\r\n\r\n', 404],
  ['bare line feeds', 'GET /healthz HTTP/1.1\nhost: x\n\n', 400],
  ['a folded header', 'GET /healthz HTTP/1.1\r\nhost: x\r\nx-a: 1\r\n 2\r\n\r\n', 400],
  ['no HTTP at all', '\x16\x03\x01\x02\x00\x01\x00\x01', 400],
]
