/** What a test looks for after a secret has been everywhere. Written without the product's own masking. */

/** Long enough not to be met by chance, short enough to find a secret of which a part has been cut off or replaced. */
const PART = 14

/** Every part of any of the secrets, in whatever spelling, that stands in one of the texts. */
export function leaksIn(texts: readonly string[], secrets: readonly string[]): string[] {
  const parts = new Set(secrets.flatMap(spellingsOf).flatMap(partsOf))
  return [...new Set(texts.flatMap((text) => partsOf(text).filter((part) => parts.has(part))))]
}

function spellingsOf(secret: string): string[] {
  // A key's first and last line are no secret.
  const lines = secret.split('\n').filter((line) => line.length > 40)
  return (lines.length > 0 ? lines : [secret]).flatMap((one) => [one, encodeURIComponent(one), Buffer.from(one).toString('hex'), ...base64s(one)])
}

/** Wherever it stands in what is encoded; without the characters at both ends that its neighbours decide. */
const base64s = (text: string): string[] =>
  [0, 1, 2].flatMap((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), Buffer.from(text)])
    return (['base64', 'base64url'] as const).map((how) => encoded.toString(how).replaceAll('=', '').slice(4, -4))
  })

const partsOf = (text: string): string[] => Array.from({ length: Math.max(1, text.length - PART + 1) }, (_, at) => text.slice(at, at + PART))
