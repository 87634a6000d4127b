import type { WorkerBundle } from './worker-bundle.ts'

/** A Worker of a few lines, with one object that counts in its database. Each request says how far it is. */
export const tallyWorker: WorkerBundle = {
  compatibilityDate: '2026-10-01',
  compatibilityFlags: [],
  modules: [
    {
      name: 'main.js',
      content: `import { DurableObject } from 'cloudflare:workers'
import greeting from './greeting.js'
export class Tally extends DurableObject {
  add() {
    const { sql } = this.ctx.storage
    sql.exec('CREATE TABLE IF NOT EXISTS tally (n INTEGER) STRICT')
    sql.exec('INSERT INTO tally VALUES (1)')
    return sql.exec('SELECT count(*) AS n FROM tally').one().n
  }
}
export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url)
    if (pathname === '/healthz') return new Response('ok')
    if (pathname === '/reach') return fetch(searchParams.get('to')).catch((error) => new Response(error.message, { status: 502 }))
    return Response.json({ n: await env.TALLY.get(env.TALLY.idFromName('one')).add(), secret: env.SECRET, greeting })
  },
}`,
    },
    { name: './greeting.js', content: `export default 'hello'` },
  ],
  objects: [{ name: 'TALLY', className: 'Tally' }],
}

/** As little as a Worker can be. */
export const emptyWorker: WorkerBundle = {
  ...tallyWorker,
  modules: [{ name: 'main.js', content: `export default { fetch: () => new Response('ok') }` }],
  objects: [],
}
