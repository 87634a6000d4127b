import type { WorkerBundle } from './worker-bundle.ts'

/** What the objects of one class did since it was asked last. */
export interface Measured {
  /** Calls that came in, by name: RPC, `fetch` and `alarm`, each of which Cloudflare counts as a request. */
  readonly calls: Readonly<Record<string, number>>
  /** As SQLite counts them, indexes too; and one for each alarm that was set. */
  readonly rowsWritten: number
  readonly rowsRead: number
  readonly alarmsSet: number
  /** Milliseconds in which an object had something to answer, over all objects. */
  readonly active: number
  /** Objects that were made. */
  readonly lives: number
}

export const MEASURED_AT = '/measured-by-a-test'

/** The same Worker, whose objects count what they cost; `GET /measured-by-a-test` answers with `Record<class, Measured>` and begins anew. */
export function measuredWorker(bundle: WorkerBundle): WorkerBundle {
  const main = bundle.modules[0]!.name
  const content = `import * as its from './${main}'
const counts = {}
const fresh = () => ({ calls: {}, rowsWritten: 0, rowsRead: 0, alarmsSet: 0, active: 0, lives: 0 })
const of = (name) => (counts[name] ??= fresh())
const whose = new WeakMap()
let isPatched = false
function patch(ctx) {
  if (isPatched) return
  isPatched = true
  const storage = Object.getPrototypeOf(ctx.storage)
  const sql = Object.getPrototypeOf(ctx.storage.sql)
  for (const name of ['setAlarm', 'deleteAlarm']) {
    const original = storage[name]
    storage[name] = function (...args) {
      of(whose.get(this)).alarmsSet++
      return original.apply(this, args)
    }
  }
  const { exec } = sql
  sql.exec = function (...args) {
    const cursor = exec.apply(this, args)
    const at = of(whose.get(this))
    return {
      toArray() {
        const rows = cursor.toArray()
        at.rowsRead += cursor.rowsRead
        at.rowsWritten += cursor.rowsWritten
        return rows
      },
    }
  }
}
function measured(name, Base) {
  class Measured extends Base {
    constructor(ctx, env) {
      patch(ctx)
      whose.set(ctx.storage, name)
      whose.set(ctx.storage.sql, name)
      super(ctx, env)
      of(name).lives++
    }
  }
  const methods = new Set()
  for (let at = Base.prototype; at !== null && Object.getPrototypeOf(at) !== null; at = Object.getPrototypeOf(at))
    for (const method of Object.getOwnPropertyNames(at)) if (typeof Object.getOwnPropertyDescriptor(at, method).value === 'function') methods.add(method)
  methods.delete('constructor')
  const running = new WeakMap()
  for (const method of methods) {
    if (!DOORS.has(method)) continue
    Measured.prototype[method] = async function (...args) {
      const at = running.get(this) ?? { count: 0, since: 0 }
      running.set(this, at)
      of(name).calls[method] = (of(name).calls[method] ?? 0) + 1
      if (at.count++ === 0) at.since = Date.now()
      try {
        return await Base.prototype[method].apply(this, args)
      } finally {
        if (--at.count === 0) of(name).active += Date.now() - at.since
      }
    }
  }
  return Measured
}
const DOORS = new Set(['fetch', 'alarm', 'deliver', 'has', 'happened', 'environments', 'awaiting', 'mayApprove', 'auditPage', 'copy', 'spent', 'claim', 'release', 'beginSession', 'findSession', 'endSession', 'endSessions', 'findToken', 'isRevoked', 'take', 'takeOne', 'giveBack', 'noted', 'active', 'waiting', 'lookUp', 'wake', 'told', 'find', 'forget'])
${bundle.objects.map(({ className }) => `export const ${className} = measured('${className}', its.${className})`).join('\n')}
export default {
  ...its.default,
  async fetch(request, env, ctx) {
    if (new URL(request.url).pathname !== '${MEASURED_AT}') return its.default.fetch(request, env, ctx)
    const answer = JSON.stringify(counts)
    for (const name in counts) counts[name] = fresh()
    return new Response(answer)
  },
}`
  return { ...bundle, modules: [{ name: 'measured.js', content }, ...bundle.modules] }
}
