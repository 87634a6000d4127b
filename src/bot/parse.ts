import { problem } from '../errors.ts'
import type { Problem } from '../errors.ts'
import { NOTHING_ASKED, type DeployRequest } from '../deploy/deployment.ts'
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
export function interpretDeploy(args: Args): DeployRequest['asks'] | { readonly problem: Problem } {
  const unsupported = [...args.flags.keys()].find((flag) => flag !== 'ref') ?? [...args.parameters.keys()][0]
  if (unsupported !== undefined) return { problem: optionUnsupported(args.flags.has(unsupported) ? `--${unsupported}` : `${unsupported}=…`) }
  const images = args.words.filter(isImage)
  const places = args.words.filter((word) => !isImage(word))
  const surplus = places[1] ?? images[1]
  if (surplus !== undefined) return { problem: wordTooMany(surplus, isImage(surplus)) }
  const ref = args.flags.get('ref')
  return { ...NOTHING_ASKED, ...readPlace(places[0] ?? null), image: images[0] ?? null, ref: typeof ref === 'string' ? ref : null }
}

/** `staging` or `shop/staging`, in a command or in a label. */
export function readPlace(word: string | null): Pick<DeployRequest['asks'], 'app' | 'environment'> {
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

const optionUnsupported = (option: string): Problem =>
  problem('OPTION_UNSUPPORTED', {
    sentence: `This version of Gantry does not know what to do with ${option}, so it does nothing at all.`,
    found: option,
    wanted: '/deploy [app/][environment] [:tag, @digest or host/name:tag] [--ref R]',
    next: 'Leave it out and write the command in a new comment.',
  })

const wordTooMany = (word: string, isSecondImage: boolean): Problem =>
  malformed(
    `There is a word too many: ${quoted(word)}.`,
    word,
    isSecondImage ? 'one image' : 'one environment; a tag is written :TAG, a branch --ref BRANCH',
  )
