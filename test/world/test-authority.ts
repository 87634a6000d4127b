import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A certificate and its key, as paths of files. */
export interface Certificate {
  readonly chain: string
  readonly key: string
}

interface Wishes {
  /** The hosts that it is for. */
  readonly names: readonly string[]
  readonly isExpired?: boolean
}

/** A certificate authority that nobody knows who was not told. */
export interface Authority {
  /** Its own certificate, as text, and alone in a folder, as skopeo wants it. */
  readonly certificate: string
  readonly trusted: string
  issues(wishes: Wishes): Certificate
  stop(): void
}

const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
const openssl = (folder: string, ...words: string[]): void =>
  void execFileSync('/usr/bin/openssl', words, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })

export function createAuthority(): Authority {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-authority-'))
  openssl(folder, 'req', '-x509', ...EC, '-days', '2', '-subj', '/CN=Gantry test authority', '-keyout', 'ca.key', '-out', 'ca.crt')
  const trusted = join(folder, 'trusted')
  mkdirSync(trusted)
  copyFileSync(join(folder, 'ca.crt'), join(trusted, 'ca.crt'))
  let count = 0
  return {
    certificate: readFileSync(join(folder, 'ca.crt'), 'utf8'),
    trusted,
    issues({ names, isExpired = false }) {
      const at = `${(count += 1)}`
      openssl(folder, 'req', ...EC, '-subj', '/CN=registry', '-keyout', `${at}.key`, '-out', `${at}.csr`)
      writeFileSync(join(folder, `${at}.ext`), `subjectAltName=${names.map((name) => `DNS:${name}`).join()}\n`)
      // What ended a day before it began has expired for whoever looks at it now.
      const life = isExpired ? '-1' : '2'
      openssl(
        folder,
        'x509',
        '-req',
        '-in',
        `${at}.csr`,
        '-CA',
        'ca.crt',
        '-CAkey',
        'ca.key',
        '-days',
        life,
        '-extfile',
        `${at}.ext`,
        '-out',
        `${at}.pem`,
      )
      return { chain: join(folder, `${at}.pem`), key: join(folder, `${at}.key`) }
    },
    stop: () => rmSync(folder, { recursive: true }),
  }
}
