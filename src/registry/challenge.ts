/** One challenge of a `WWW-Authenticate` header. Scheme and parameter names are lower-case. */
export interface Challenge {
  readonly scheme: string
  readonly token68: string | null
  readonly parameters: ReadonlyMap<string, string>
}

export interface Challenges {
  readonly challenges: readonly Challenge[]
  /** Part of the header broke the grammar or a limit; what could be read still stands in `challenges`. */
  readonly isMalformed: boolean
}

/**
 * Reads a `WWW-Authenticate` value (RFC 9110, 11.6.1), which `fetch` gives as one string however many headers there were: commas
 * separate challenges, parameters, and stand inside quotes. A challenge with a parameter named twice is left out.
 */
export function parseChallenges(header: string): Challenges {
  if (header.length > LONGEST) return { challenges: [], isMalformed: true }
  const challenges: Challenge[] = []
  const rest = { text: header.replace(SEPARATORS, '') }
  let isMalformed = false
  while (rest.text !== '') {
    const challenge = takeChallenge(rest)
    if (challenge === 'unreadable') return { challenges, isMalformed: true }
    if (challenge === 'ambiguous') isMalformed = true
    else challenges.push(challenge)
  }
  return { challenges, isMalformed }
}

const LONGEST = 16 * 1024
const MOST_PARAMETERS = 32
const SEPARATORS = /^[ \t,]+/
const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const SCHEME = new RegExp(`^(${TOKEN})(?=[ \\t,]|$)`)
// A parameter's `=` is followed by a value; the `=` that ends a token68 is not.
const TOKEN68 = /^[ ]+([0-9A-Za-z._~+/-]+=*)[ \t]*(?=,|$)/
const PARAMETER = new RegExp(`^(${TOKEN})[ \\t]*=[ \\t]*(?:(${TOKEN})|"((?:[^"\\\\]|\\\\.)*)")[ \\t]*(?=,|$)`)

interface Rest {
  text: string
}

function takeChallenge(rest: Rest): Challenge | 'ambiguous' | 'unreadable' {
  const scheme = take(rest, SCHEME)?.[1]?.toLowerCase()
  if (scheme === undefined) return 'unreadable'
  const token68 = take(rest, TOKEN68)?.[1] ?? null
  // Bare words after a scheme are a new scheme if a comma stands between, so `Basic x, Bearer realm=…` reads x as token68.
  const parameters = token68 === null ? takeParameters(rest) : new Map<string, string>()
  rest.text = rest.text.replace(SEPARATORS, '')
  return parameters === null ? 'ambiguous' : { scheme, token68, parameters }
}

/** Null where a name stands twice or there are too many: nobody can say which value the server meant. */
function takeParameters(rest: Rest): ReadonlyMap<string, string> | null {
  const parameters = new Map<string, string>()
  let count = 0
  for (let match = takeParameter(rest); match; match = takeParameter(rest)) {
    count += 1
    const [, name, token, quoted] = match
    parameters.set(name!.toLowerCase(), token ?? quoted!.replaceAll(/\\(.)/g, '$1'))
  }
  return count === parameters.size && count <= MOST_PARAMETERS ? parameters : null
}

/** Reads over separators only if a parameter follows them: otherwise they end the challenge. */
function takeParameter(rest: Rest): RegExpExecArray | null {
  const after = { text: rest.text.replace(SEPARATORS, '') }
  const match = take(after, PARAMETER)
  if (match) rest.text = after.text
  return match
}

function take(rest: Rest, pattern: RegExp): RegExpExecArray | null {
  const match = pattern.exec(rest.text)
  if (match) rest.text = rest.text.slice(match[0].length)
  return match
}
