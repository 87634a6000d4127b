import { isAscii, isUtf8 } from 'node:buffer'

const DEEPEST = 64
const QUOTE = 0x22
const BACKSLASH = 0x5c

/**
 * A JSON text as bytes → its value; null where it is not strict UTF-8 JSON (RFC 8259, no byte order mark) or is nested
 * deeper than 64: `JSON.parse` takes 200,000 levels, and then `JSON.stringify` or a recursive schema overflows the stack.
 */
export function parseJson(bytes: Buffer): { readonly value: unknown } | null {
  if (isTooDeep(bytes)) return null
  const ascii = isAscii(bytes)
  if (!ascii && !isUtf8(bytes)) return null
  try {
    // A string of one-byte characters is parsed faster.
    return { value: JSON.parse(ascii ? bytes.toString('latin1') : bytes.toString('utf8')) as unknown }
  } catch {
    return null
  }
}

/** One pass, before anything is built. Inside multi-byte characters no byte looks like ASCII. */
function isTooDeep(bytes: Buffer): boolean {
  let depth = 0
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!
    if (byte === QUOTE) at = endOfString(bytes, at + 1)
    // `[` and `{` differ in one bit, and so do `]` and `}`.
    else if ((byte | 0x20) === 0x7b && ++depth > DEEPEST) return true
    else if ((byte | 0x20) === 0x7d) depth--
  }
  return false
}

function endOfString(bytes: Buffer, from: number): number {
  let at = from
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1
  return at
}
