/** What is said of a changed configuration, behind whatever door asks. */

/** A repository's own file, and the one that an account's repository `.github` has for all of them. */
export type ConfigurationFile = '.github/deploy.yml' | '.github/deploy-defaults.yml'

/** One thing wrong in the file, as an annotation at its line needs it. */
export interface ConfigurationFinding {
  readonly code: 'CONFIGURATION_INVALID' | 'CONFIGURATION_UNSUPPORTED'
  /** Both counted from 1. */
  readonly line: number
  readonly column: number
  /** `environments.staging.url`; empty for the whole file. */
  readonly path: string
  /** One plain sentence, which names the nearest key where one was meant. */
  readonly message: string
  readonly found: string | null
  readonly wanted: string | null
}

/** One thing that a change does to what may happen. `looser`: more may happen than before. */
export interface PermissionChange {
  readonly direction: 'looser' | 'stricter' | 'different'
  /** A plain sentence that begins with where: `shop/production: the role write is enough to deploy; it was admin.` */
  readonly sentence: string
}

export interface ConfigurationVerdict {
  /** In the order of the lines, and as many as GitHub takes in one request; empty where the file is valid. */
  readonly findings: readonly ConfigurationFinding[]
  /** How many more there are than those. */
  readonly more: number
  /** What gets looser first; empty where there are findings. */
  readonly changes: readonly PermissionChange[]
  /** What stood there before; where that was not valid, all of it is new. */
  readonly former: 'valid' | 'invalid' | 'missing'
}

/** The texts before (null where there was none) and after. `repositoryName` names the app where a file does not. */
export type CompareConfigurations = (before: string | null, after: string, repositoryName: string, file?: ConfigurationFile) => ConfigurationVerdict
