import { problem } from '../errors.ts'
import type { Problem } from '../errors.ts'
import { NOTHING_ASKED, type Asks } from '../deploy/deployment.ts'
import { listed, nearest, quoted } from '../deploy/wording.ts'
import { proseLines } from './prose-lines.ts'
import type { Line } from './prose-lines.ts'
import { malformed, tokenize } from './tokenize.ts'
import type { Args } from './tokenize.ts'

export type { Args }

/** A line of a comment that is a command, or was meant to be one. */
export type ParsedLine = {
  /** Counted from 1. */
  readonly line: number
  /** As it was written, without white space around it. */
  readonly text: string
} & ({ readonly name: string; readonly args: Args } | { readonly problem: Problem })

const MOST_COMMANDS = 10

/**
 * The commands of a comment: at most ten, each on a line of its own that begins with `/name`. Lines that begin with another `/word`
 * are not ours and give nothing, unless the word is nearly one of `known`.
 */
export function parseCommands(markdown: string, known: readonly string[]): readonly ParsedLine[] {
  // Most comments hold no command, and are not worth a Markdown parser.
  if (!markdown.split(/\r\n|\n|\r/).some((line) => meantName(line, known) !== null)) return []
  const lines = proseLines(markdown).filter(({ text }) => meantName(text, known) !== null)
  const parsed = lines.slice(0, MOST_COMMANDS).map((line) => parseLine(line, known))
  const tooMany = lines[MOST_COMMANDS]
  return tooMany === undefined ? parsed : [...parsed, refused(tooMany, tooManyCommands())]
}

/** What `/deploy` was asked to do; words are told apart by their form alone, because nobody has read the configuration yet. */
export function interpretDeploy({ words, flags, parameters }: Args): Asks | { readonly problem: Problem } {
  const images = words.filter(isImage)
  const places = words.filter((word) => !isImage(word))
  const surplus = places[1] ?? images[1]
  if (surplus !== undefined) return { problem: wordTooMany(surplus, isImage(surplus)) }
  const expect = valueOf(flags, 'expect')
  if (expect !== null && !isWhole(expect)) return { problem: notWhole(expect) }
  return {
    ...NOTHING_ASKED,
    ...readPlace(places[0] ?? null),
    image: images[0] ?? null,
    ref: valueOf(flags, 'ref'),
    expect,
    whenGreen: flags.has('when-green'),
    override: valueOf(flags, 'override'),
    allowOlder: flags.has('allow-older'),
    parameters: Object.fromEntries(parameters),
  }
}

/** What follows `--name`; null where the option is missing. */
export function valueOf(flags: Args['flags'], name: string): string | null {
  const value = flags.get(name)
  return typeof value === 'string' ? value : null
}

const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `30m`, `2h`, `3d` in milliseconds; null for anything else. */
export function readSpan(text: string): number | null {
  const [, count = '', unit = ''] = /^([1-9]\d{0,4})([mhd])$/.exec(text) ?? []
  return count === '' ? null : Number(count) * (UNITS[unit] ?? 0)
}

/** `staging` or `shop/staging`, in a command or in a label. */
export function readPlace(word: string | null): Pick<Asks, 'app' | 'environment'> {
  const [first = '', second] = word?.split('/') ?? []
  if (word === null || second === undefined) return { app: null, environment: word }
  return { app: first, environment: second }
}

const firstWord = (line: string): string | null => /^ {0,3}\/([A-Za-z][A-Za-z-]*)(?=[ \t]|$)/.exec(line)?.[1] ?? null

/** The known command that a line begins with or nearly begins with. */
function meantName(line: string, known: readonly string[]): string | null {
  const word = firstWord(line)
  if (word === null) return null
  if (known.includes(word)) return word
  return nearest(
    word,
    known.filter((name) => name.length >= 4),
  )
}

function parseLine(line: Line, known: readonly string[]): ParsedLine {
  const word = firstWord(line.text) ?? ''
  const name = meantName(line.text, known) ?? ''
  if (name !== word) return refused(line, commandUnknown(word, name, known))
  const text = line.text.trim()
  const args = tokenize(text.slice(1 + name.length))
  return 'code' in args ? refused(line, args) : { line: line.number, text, name, args }
}

const refused = (line: Line, why: Problem): ParsedLine => ({ line: line.number, text: line.text.trim(), problem: why })

/** `:tag`, `@digest`, `name:tag` and `host/path/name`; a word with one slash and neither tag nor digest is `app/environment`. */
const isImage = (word: string): boolean => /[:@]/.test(word) || word.split('/').length > 2

function commandUnknown(word: string, name: string, known: readonly string[]): Problem {
  return problem('COMMAND_UNKNOWN', {
    sentence: `There is no command ${quoted(`/${word}`)}. Did you mean ${quoted(`/${name}`)}?`,
    found: `/${word}`,
    wanted: `one of ${listed(
      known.map((one) => `/${one}`),
      30,
    )}`,
    next: 'Write the command in a new comment.',
  })
}

const tooManyCommands = (): Problem =>
  malformed(
    `A comment can hold ${MOST_COMMANDS} commands; this one and those after it are not read.`,
    undefined,
    `at most ${MOST_COMMANDS}`,
    'Write them in a new comment.',
  )

/** A commit or a digest with nothing left out: whoever knows a prefix can make another commit that begins with it. */
const isWhole = (expected: string): boolean => /^(?:[0-9a-f]{40}|[0-9a-f]{64}|sha256:[0-9a-f]{64})$/.test(expected)

function notWhole(expected: string): Problem {
  const isLower = expected === expected.toLowerCase()
  const why = isLower ? 'another commit or image can be made that begins in the same way' : 'GitHub and registries write them in lower case'
  return malformed(
    `The option --expect takes a whole commit or digest: ${why}.`,
    `${expected} (${expected.length} characters)`,
    'the 40 lower-case characters of a commit, or sha256: and 64 of them',
    'Copy the commit or the digest whole, and write the command in a new comment.',
  )
}

const wordTooMany = (word: string, isSecondImage: boolean): Problem =>
  malformed(
    `There is a word too many: ${quoted(word)}.`,
    word,
    isSecondImage ? 'one image' : 'one environment; a tag is written :TAG, a branch --ref BRANCH',
  )
