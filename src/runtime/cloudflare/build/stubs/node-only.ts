// Stands in the Worker's bundle for what Probot imports and only its server, its set-up pages and its own log call: a Worker is handed a log.

function nodeOnly(): never {
  throw new TypeError('this part of Probot needs Node')
}

export const startTime = Symbol('startTime')
export { nodeOnly as default, nodeOnly as getTransformStream, nodeOnly as npxImport, nodeOnly as packageConfig, nodeOnly as pinoHttp }
