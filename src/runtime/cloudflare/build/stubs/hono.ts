import type { BlankEnv, BlankSchema, Env, Schema } from 'hono/types'
import { HonoBase } from 'hono/hono-base'
import { TrieRouter } from 'hono/router/trie-router'

/** Hono with its smallest router that takes every path: an object lives for some requests, and the quicker ones are worth their making after thousands. */
export class Hono<E extends Env = BlankEnv, S extends Schema = BlankSchema, BasePath extends string = '/'> extends HonoBase<E, S, BasePath> {
  override router = new TrieRouter<never>()
}
