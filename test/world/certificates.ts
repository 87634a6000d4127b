import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** Paths of a certificate and its key in PEM form. */
export interface KeyPair {
  readonly cert: string
  readonly key: string
}

/** Why certificates cannot be made here; null where they can. */
export const missingOpenssl = (): string | null => (existsSync('/usr/bin/openssl') ? null : 'openssl not installed (apt-get install openssl)')

/** A certificate authority in a folder, made by openssl: no private key stands in the repository. */
export class Authority {
  readonly #folder: string
  readonly #own: KeyPair

  constructor(folder: string, name: string) {
    this.#folder = folder
    this.#own = this.#make(name, [])
  }

  get cert(): string {
    return this.#own.cert
  }

  /** For a server that is reached at that address. */
  signsServer(name: string, ip: string): KeyPair {
    return this.#signs(name, [`subjectAltName=IP:${ip}`, 'extendedKeyUsage=serverAuth'])
  }

  signsClient(name: string): KeyPair {
    return this.#signs(name, ['extendedKeyUsage=clientAuth'])
  }

  #signs(name: string, extensions: readonly string[]): KeyPair {
    const added = ['basicConstraints=critical,CA:FALSE', ...extensions].flatMap((one) => ['-addext', one])
    return this.#make(name, ['-CA', this.#own.cert, '-CAkey', this.#own.key, ...added])
  }

  #make(name: string, how: readonly string[]): KeyPair {
    const [cert, key] = [join(this.#folder, `${name}-cert.pem`), join(this.#folder, `${name}-key.pem`)]
    const wants = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', `/CN=${name}`]
    execFileSync('/usr/bin/openssl', ['req', '-x509', ...wants, ...how, '-keyout', key, '-out', cert], { stdio: 'ignore' })
    return { cert, key }
  }
}
