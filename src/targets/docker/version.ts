import * as z from 'zod'
import { calls } from './calls.ts'
import { type Engine, parsed } from './engine.ts'

const word = z.string().regex(/^[\w.+~-]{1,40}$/)
const versionSchema = z.object({ Version: word, Os: word, Arch: word })

/** What the engine calls itself. No deployment asks for it: a proxy in front of the engine may keep it to itself. */
export async function inWords(engine: Engine): Promise<string> {
  const answer = await engine.ask(calls.version, [200, 403, 404])
  const read = versionSchema.safeParse(answer.status === 200 ? parsed(calls.version, answer) : null)
  return read.success ? `container engine ${read.data.Version}, ${read.data.Os}/${read.data.Arch}` : 'a container engine'
}
