import { Secret } from '../secret.ts'
import { isLoopback } from './address.ts'
import { parseObject } from './answer.ts'
import type { Given, VendorAnswer } from './exchange.ts'

/** What every exchange does with what it was given and what it is answered. */

/** A field in plain text; empty where it was left out. */
export function textIn(given: Given, name: string): string {
  const value = given[name]
  return value instanceof Secret ? value.reveal() : (value ?? '')
}

/** Says what is wrong with those of the fields that were given and have to be origins. */
export function originProblem(given: Given, names: readonly string[]): string | null {
  const wrong = names.find((name) => textIn(given, name) !== '' && !isVendorOrigin(textIn(given, name)))
  return wrong === undefined ? null : `${wrong} is not an origin such as https://host (plain http only on loopback).`
}

/** Secrets go to it, so that it is https, or http on this machine, and nothing but scheme, host and port. */
export function isVendorOrigin(text: string): boolean {
  const url = URL.parse(text)
  if (url === null || url.origin !== text) return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))
}

/** The fields of an answer that are texts; none where it is no JSON object. */
export const textsOf = (answer: VendorAnswer): Texts => textsIn(parseObject(answer.text))

/** The values of an object that are texts. */
export function textsIn(object: Readonly<Record<string, unknown>> | null): Texts {
  const fields = Object.entries(object ?? {}).filter((field): field is [string, string] => typeof field[1] === 'string')
  return new Map(fields)
}

export type Texts = ReadonlyMap<string, string>

/** A body and its header, as OAuth wants them (RFC 6749, 4). */
export const form = (fields: Readonly<Record<string, string>>): { readonly body: string; readonly headers: Readonly<Record<string, string>> } => ({
  body: new URLSearchParams(fields).toString(),
  headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
})

/** Every spelling in which a form's answer could send a value back. */
export const spelled = (value: string): readonly string[] => [value, new URLSearchParams({ '': value }).toString().slice(1)]

/** What a vendor's error means for whoever reads it: the first whose pattern fits its code and words. */
export interface Advice {
  readonly words: RegExp
  readonly next: string
  readonly isRefused?: boolean
}

export function advise(table: readonly Advice[], code: string, message: string) {
  const found = table.find(({ words }) => words.test(`${code} ${message}`))
  return { code, message, next: found?.next, isRefused: found?.isRefused, isOfTime: found?.next === CHECK_CLOCK }
}

export const CHECK_CLOCK = 'Switch on time synchronisation on this machine (timedatectl set-ntp true): what it signs carries a wrong time.'
