import { problem } from '../errors.ts'
import type { Problem } from '../errors.ts'
import { didYouMean, listed, quoted } from '../deploy/wording.ts'

/** What stands after a command's name. */
export interface Args {
  readonly words: readonly string[]
  /** `--dry-run` is true, `--ref main` and `--ref=main` are "main". */
  readonly flags: ReadonlyMap<string, string | true>
  /** `log_level=debug`. */
  readonly parameters: ReadonlyMap<string, string>
}

// Every option of every command: which of them take a value must be known before anyone knows the command.
const VALUED = ['ref', 'expect', 'override', 'to', 'for']
const SWITCHES = ['dry-run', 'when-green', 'allow-older', 'take-over', 'all']

const LONGEST = 1000

/**
 * Takes the text after a command's name apart: words, `"quoted words"`, `--flags` and `key=value`. ASCII only, but for what stands in
 * quotes: reasons are written in every language.
 */
export function tokenize(text: string): Args | Problem {
  if (text.length > LONGEST) return malformed(`The command is longer than ${LONGEST} characters.`, `${text.length} characters`, `at most ${LONGEST}`)
  const tokens = split(text)
  return 'code' in tokens ? tokens : arrange(tokens)
}

export const malformed = (sentence: string, found?: string, wanted?: string, next = 'Correct the command and write it in a new comment.'): Problem =>
  problem('COMMAND_MALFORMED', { sentence, found, wanted, next })

interface Token {
  readonly text: string
  /** Begins with a quotation mark, so it is a word whatever is in it. */
  readonly isQuoted: boolean
  readonly end: number
}

function split(text: string): readonly Token[] | Problem {
  const tokens: Token[] = []
  for (let at = nextToken(text, 0); at < text.length; at = nextToken(text, at)) {
    const token = readToken(text, at)
    if ('code' in token) return token
    tokens.push(token)
    at = token.end
  }
  return tokens
}

function nextToken(text: string, from: number): number {
  let at = from
  while (/[ \t]/.test(text[at] ?? '')) at += 1
  return at
}

// In double quotes \" and \\ stand for " and \; in single quotes everything stands for itself.
const QUOTED = /"((?:[^"\\]|\\.)*)"|'([^']*)'/y
const FOREIGN = /[^\x20-\x7e\t]/u
/** What nobody sees, in whatever language. */
const HIDDEN = /[\p{C}\p{Zl}\p{Zp}]/u

/** A quotation mark opens only at the start of a token or after `=`: `it's` is a word. */
function readToken(text: string, start: number): Token | Problem {
  let [value, at] = ['', start]
  while (at < text.length && !/[ \t]/.test(text[at] ?? '')) {
    const character = String.fromCodePoint(text.codePointAt(at) ?? 0)
    const opens = /["']/.test(character) && (at === start || text[at - 1] === '=')
    if (!opens) {
      if (FOREIGN.test(character)) return foreignCharacter(character)
      value += character
      at += 1
      continue
    }
    QUOTED.lastIndex = at
    const match = QUOTED.exec(text)
    if (match === null) return malformed('A quotation mark is opened and not closed.', text.slice(at, at + 40), 'a closing quotation mark')
    const hidden = HIDDEN.exec(match[0].replaceAll('\t', ' '))
    if (hidden !== null) return foreignCharacter(hidden[0])
    value += match[1]?.replace(/\\(["\\])/g, '$1') ?? match[2] ?? ''
    at = QUOTED.lastIndex
  }
  return { text: value, isQuoted: /["']/.test(text[start] ?? ''), end: at }
}

function arrange(tokens: readonly Token[]): Args | Problem {
  const args = { words: [] as string[], flags: new Map<string, string | true>(), parameters: new Map<string, string>() }
  const rest = [...tokens]
  for (let token = rest.shift(); token !== undefined; token = rest.shift()) {
    const { text, isQuoted } = token
    const [, key = '', value = ''] = isQuoted ? [] : (/^([A-Za-z_][A-Za-z0-9_-]*)=(.*)$/.exec(text) ?? [])
    const wrong =
      isQuoted || (key === '' && !text.startsWith('-'))
        ? addWord(args.words, text)
        : key === ''
          ? addFlag(args.flags, text, rest)
          : addTo(args.parameters, key, value)
    if (wrong !== null) return wrong
  }
  return args
}

function addWord(words: string[], text: string): null {
  words.push(text)
  return null
}

/** `--name`, `--name=value`, or `--name` and the next token. */
function addFlag(flags: Map<string, string | true>, text: string, rest: Token[]): Problem | null {
  const [, name = '', , value] = /^--([a-z][a-z-]*)(=(.*))?$/.exec(text) ?? []
  const known = [...VALUED, ...SWITCHES]
  if (!known.includes(name))
    return malformed(`There is no option ${quoted(text)}.${didYouMean(name, known)}`, text, `one of ${listed(known.map((one) => `--${one}`))}`)
  if (SWITCHES.includes(name)) {
    return value === undefined ? addTo(flags, name, true, '--') : malformed(`The option --${name} takes no value.`, text, `--${name}`)
  }
  const next = value === undefined && rest[0]?.text.startsWith('--') !== true ? rest.shift() : undefined
  const given = value ?? next?.text
  return given === undefined || given === ''
    ? malformed(`The option --${name} needs a value.`, text, `--${name} VALUE`)
    : addTo(flags, name, given, '--')
}

function addTo<Value>(map: Map<string, Value>, key: string, value: Value, prefix = ''): Problem | null {
  if (map.has(key)) return malformed(`${quoted(prefix + key)} stands there twice.`, prefix + key, 'it once')
  map.set(key, value)
  return null
}

function foreignCharacter(character: string): Problem {
  const code = `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
  // A word processor makes one dash of two hyphens, and curls quotation marks.
  const wanted = /[\u2010-\u2015]/.test(character)
    ? 'two hyphens: --'
    : /[\u2018-\u201f]/.test(character)
      ? 'straight quotation marks'
      : 'letters, digits and signs of ASCII; a reason in another language in "quotation marks"'
  return malformed(`The command has the character ${code}, and commands are plain ASCII.`, `${quoted(character)} (${code})`, wanted)
}
