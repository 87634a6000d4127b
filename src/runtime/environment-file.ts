import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { parseEnv } from 'node:util'

/** The variables in `path`; none where there is no such file. */
export function readEnvironmentFile(path: string): Readonly<Record<string, string | undefined>> {
  return existsSync(path) ? parseEnv(readFileSync(path, 'utf8')) : {}
}

/**
 * Writes variables into the file, which only its owner may read from then on. A variable that has a value there already keeps
 * it; returns the names of those that were left alone.
 */
export function addToEnvironmentFile(path: string, variables: Readonly<Record<string, string>>): string[] {
  const present = readEnvironmentFile(path)
  const left = Object.keys(variables).filter((name) => present[name])
  let text = existsSync(path) ? readFileSync(path, 'utf8') : ''
  for (const [name, value] of Object.entries(variables).filter(([name]) => !left.includes(name))) {
    const line = `${name}=${quoted(value)}`
    const empty = new RegExp(`^${name}=[ \\t]*$`, 'm')
    if (empty.test(text)) text = text.replace(empty, () => line)
    else text += `${text === '' || text.endsWith('\n') ? '' : '\n'}${line}\n`
  }
  writeFileSync(`${path}.part`, text, { mode: 0o600 })
  chmodSync(`${path}.part`, 0o600)
  renameSync(`${path}.part`, path)
  return left
}

/** Inside double quotes `\n` is a line's end; single quotes take everything else as it stands. */
function quoted(value: string): string {
  if (/^[\w.:/@-]*$/.test(value)) return value
  return value.includes('\n') ? `"${value.replaceAll('\n', '\\n')}"` : `'${value}'`
}
