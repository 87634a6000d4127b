import { inspect } from 'node:util'
import { Failure } from '../../../src/errors.ts'
import type { FailureEvent } from '../../../src/registry/doors.ts'
import type { Place } from './places.ts'
import { STORED } from './world.ts'
import type { HostileWorld, Sent } from './world.ts'

// The rules of registry.md (R10–R19, R55), told a second time and in another way than the code does it.

/** What came of everything that was asked in one world. */
export interface Played {
  readonly place: Place
  readonly world: HostileWorld
  /** One for each thing that the caller wanted. */
  readonly ends: readonly unknown[]
  /** Events and steps, as the log gets them. */
  readonly told: readonly (FailureEvent | string)[]
}

/** Which rules were broken; none, in a good world. */
export function broken(played: Played): string[] {
  const { world } = played
  const said = [
    ...played.ends.flatMap((end) => endsWell(end, played)),
    ...world.sent.flatMap((sent) => goesRight(sent, played)),
    ...shown(JSON.stringify(played.told), played, 'the log shows'),
    ...triesTooOften(played),
    ...asksTooMuch(played),
    ...switches(played),
  ]
  const heard = world.sent.map(({ method, url, authorization, answer }) => `  ${method} ${url.href} ${authorization ?? ''} → ${answer}`)
  return said.length === 0 ? [] : [...said, ...heard]
}

function endsWell(end: unknown, played: Played): string[] {
  if (!(end instanceof Error)) return shown(JSON.stringify(end), played, 'the result shows')
  if (!(end instanceof Failure)) return [`it ended with what is no failure: ${inspect(end)}`]
  const late = end.problem.code === 'TIMEOUT' && !played.world.isSilent ? ['TIMEOUT although everybody answered'] : []
  const text = [JSON.stringify(end), JSON.stringify(end.problem), end.message, ...causesOf(end)].join('\n')
  return [...late, ...shown(text, played, 'the failure shows'), ...(end.problem.sentence === '' || end.problem.next === '' ? ['no words'] : [])]
}

function causesOf(error: Error): string[] {
  const texts: string[] = []
  for (let at: unknown = error.cause; at instanceof Error; at = at.cause) texts.push(JSON.stringify(at), at.message)
  return texts
}

function shown(text: string, { world }: Played, what: string): string[] {
  return [...STORED, ...world.tokens].filter((secret) => text.includes(secret)).map((secret) => `${what} ${secret}: ${text.slice(0, 400)}`)
}

/** One request: may it go there at all, through which door, and with what? */
function goesRight({ url, text, authorization, isPublic }: Sent, { place, world }: Played): string[] {
  const { origin, tokenServers, rules } = place
  const isOwn = url.origin === origin
  const isTokenServer = tokenServers.includes(url.origin)
  const isKnown = isOwn || isTokenServer || (rules.trustedStorage ?? []).includes(url.origin)
  const wrong = []
  if (!isTokenServer && origin.startsWith('https:') && url.protocol !== 'https:') wrong.push('a downgrade')
  if (!isKnown && RESERVED.test(url.hostname)) wrong.push('a private address')
  if (!isKnown && !isPublic) wrong.push('the wrong door')
  if (url.username !== '' || url.password !== '') wrong.push('a user name in the address')
  if (!isOwn && !isTokenServer && (authorization !== null || STORED.some((secret) => text.includes(secret)))) wrong.push('a stored secret')
  if (!isOwn && (authorization?.startsWith('Bearer ') === true || world.tokens.some((token) => text.includes(token)))) wrong.push('a bearer token')
  return wrong.map((what) => `${what} to ${url.href}: ${text}`)
}

const RESERVED = /^((127|10|192\.168|169\.254|0)\.[\d.]+|\[.*|[^.]+|.*\.(internal|local|localhost))$/

/** At most two authenticated attempts at one thing. What came again because of trouble on the way counts once, like a redirect. */
function triesTooOften({ place, world, ends }: Played): string[] {
  const counts = new Map<string, number>()
  for (const { url, method, authorization, answer } of world.sent) {
    const isFinal = answer !== 'nothing' && !PASSING.has(answer) && !isRedirect(answer)
    if (authorization === null || !isFinal || url.origin !== place.origin || !API.test(url.pathname)) continue
    const thing = `${method} ${url.pathname}`
    counts.set(thing, (counts.get(thing) ?? 0) + 1)
  }
  return [...counts].filter(([, count]) => count > 2 * ends.length).map(([thing, count]) => `${count} authenticated attempts at ${thing}`)
}

const API = /^\/v2\/.+\/(manifests|blobs|tags)\//
const PASSING = new Set([408, 425, 429, 499, 500, 502, 503, 504, 520, 521, 522, 523, 524])

const isRedirect = (status: number): boolean => [301, 302, 303, 307, 308].includes(status)

/** Every request beyond a fixed number for a wish is explained by an answer: a redirect, or trouble that may pass. */
function asksTooMuch({ world, ends }: Played): string[] {
  const explained = world.sent.filter(({ answer }) => answer === 'nothing' || PASSING.has(answer) || isRedirect(answer)).length
  const most = MOST * ends.length
  return world.sent.length - explained > most ? [`${world.sent.length} requests, ${explained} of them explained, for ${ends.length} wishes`] : []
}

const MOST = 12

/** R9: who has shown a token is not made to show the password instead. */
function switches({ world, place, ends }: Played): string[] {
  if (ends.length > 1) return [] // the second begins anew
  const shownToken = new Set<string>()
  return world.sent.flatMap(({ url, method, authorization }) => {
    const thing = `${method} ${url.pathname}`
    if (url.origin !== place.origin || !API.test(url.pathname)) return []
    if (authorization?.startsWith('Bearer ') === true) shownToken.add(thing)
    return authorization?.startsWith('Basic ') === true && shownToken.has(thing) ? [`Basic after Bearer at ${thing}`] : []
  })
}
