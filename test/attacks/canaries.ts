import { generateKeyPairSync, randomBytes } from 'node:crypto'

/** What secrets can look like. Each is a new one in every run, so that nothing is found that is there anyway. */
const some = (bytes = 18): string => randomBytes(bytes).toString('base64url')
const pem = (): string => String(generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey.export({ type: 'pkcs8', format: 'pem' })).trim()

const SHAPES: readonly (readonly [what: string, make: () => string])[] = [
  ['a password', () => some()],
  ['a long password', () => some(90)],
  ['10 KB', () => some(7_680)],
  ['a PEM', pem],
  ['a PEM with CRLF', () => pem().replaceAll('\n', '\r\n')],
  ['a PEM on one line', () => pem().replaceAll('\n', '\\n')],
  ['a service account’s JSON', () => JSON.stringify({ type: 'service_account', private_key_id: some(), private_key: some(60), client_id: some(9) })],
  ['JSON with lines', () => JSON.stringify({ auth: some(), [some(9)]: [some()] }, null, 2)],
  ['user:password', () => `robot$acme:${some()}`],
  ['double quotes', () => `"${some(9)}"${some(9)}"`],
  ['single quotes', () => `'${some(9)}'${some(9)}'`],
  ['backticks', () => '`' + some(9) + '`' + some(9)],
  ['backslashes', () => `${some(9)}\\${some(9)}\\\\n`],
  ['lines', () => `${some(15)}\n${some(15)}\n${some(15)}`],
  ['tabs', () => `${some(9)}\t${some(9)}`],
  ['percent', () => `${some(9)}%${some(9)}%2F%25`],
  ['plus, slash, equals', () => `${some(9)}+/=${some(9)}+/==`],
  ['base64', () => randomBytes(33).toString('base64')],
  ['base64 with padding', () => randomBytes(31).toString('base64')],
  ['hex', () => randomBytes(20).toString('hex')],
  ['hex in capitals', () => randomBytes(20).toString('hex').toUpperCase()],
  ['UUID', () => crypto.randomUUID()],
  ['umlauts', () => `ä${some(9)}öüß${some(9)}`],
  ['Cyrillic', () => `пароль-${some(12)}-ключ`],
  ['emoji', () => `🔑${some(9)}🦊${some(9)}`],
  ['combining marks', () => `e\u0301${some(12)}o\u0308`],
  ['angle brackets', () => `<${some(9)}>&${some(9)};`],
  ['Markdown', () => `**${some(9)}**[${some(9)}](${some(6)})|`],
  ['shell', () => `$(${some(9)})\${${some(9)}}!#;`],
  ['spaces', () => `${some(9)} ${some(9)} ${some(9)}`],
  ['dollar signs of a replacement', () => `$&${some(9)}$1$$${some(9)}`],
  ['an expression’s marks', () => `^(${some(9)}|.*)+?[${some(9)}]{2}$`],
  [
    'ghp_',
    () =>
      `ghp_${randomBytes(27)
        .toString('base64')
        .replaceAll(/[^A-Za-z0-9]/g, 'x')}`,
  ],
  ['github_pat_', () => `github_pat_${some(30).replaceAll('-', '_')}`],
  ['AKIA', () => `AKIA${randomBytes(10).toString('hex').slice(0, 16).toUpperCase()}`],
  ['a JWT', () => `eyJhbGciOiJIUzI1NiJ9.${some(40)}.${some(24)}`],
  ['dckr_pat_', () => `dckr_pat_${some(20)}`],
  ['an address with a password', () => `https://robot:${some()}@registry.example.com/${some(9)}`],
  ['digits', () => String(BigInt(`0x${randomBytes(16).toString('hex')}`))],
  ['8 characters', () => some(6)],
]

export interface Canary {
  readonly what: string
  readonly value: string
}

export const newCanaries = (): readonly Canary[] => SHAPES.map(([what, make]) => ({ what, value: make() }))
