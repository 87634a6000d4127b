import type { ApiToken } from '../../deploy/api-token.ts'
import type { Deployment, DeployRequest } from '../../deploy/deployment.ts'
import type { Happening } from '../../deploy/happening.ts'
import type { Claims, Delivery, Spendings } from '../../deploy/journal.ts'
import type { Awaitable } from '../../deploy/awaitable.ts'
import type { LimitName, Limits, Shortage } from '../../deploy/limits.ts'
import type { EnvironmentRecord } from '../../deploy/overview.ts'
import type { Session, Sessions } from '../../deploy/session.ts'
import type { Problem } from '../../errors.ts'
import type { AuditRecord } from '../../store/audit.ts'
import type { Parts } from '../operator-door.ts'
import type { SealedCopy } from '../../store/vault/copying.ts'
import { asked } from './rpc.ts'

/** What the objects ask of each other, over RPC: everything is data, and no secret is among it but sealed. */

/** A repository, and the account that it belongs to now. */
export interface Home {
  readonly repository: number
  readonly account: number
}

/** One per repository. */
export interface RepositoryDoor {
  /** Stored when it returns; says for each whether it was new. `isLate`: whose it was then says nothing of whose it is now. */
  deliver(home: Home, deliveries: readonly Delivery[], isLate?: boolean): Awaitable<readonly boolean[]>
  /** Whether a delivery of this meaning was ever stored. */
  has(key: string): Awaitable<boolean>
  /** What is told and not stored, and what the account's object has stored. */
  happened(home: Home, event: Happening): Promise<void>
  /** As `Overview` has them; empty where nobody has told this object yet which repository it is. */
  environments(): Promise<readonly EnvironmentRecord[]>
  awaiting(limit: number): Promise<readonly Deployment[]>
  mayApprove(request: DeployRequest, id: string): Promise<Problem | null>
  auditPage(before: number | null, limit: number): Awaitable<readonly AuditRecord[]>
  /** Null where nobody has told this object yet which repository it is. */
  readPart(): Promise<ReadableStream<Uint8Array> | null>
  writePart(repository: number, stream: ReadableStream<Uint8Array>, instead: boolean): ReturnType<Parts['write']>
}

/** One per account, of an organisation or a person; account 0 is the operator's own. Every call says whose it is: an object is not told otherwise. */
export interface AccountDoor {
  /** Stored when it returns: what is about the installation as a whole. */
  deliver(account: number, deliveries: readonly Delivery[]): Awaitable<readonly boolean[]>
  /** What the vault keeps, for an object of the same installation. `known`: the version that it has. */
  copy(account: number, known: string | null): Promise<Copied>
  /** Notes what a repository's object has created on GitHub; answers with what all of them have. */
  spent(account: number, repository: number, spending: Spending): Awaitable<Spending>
  claim(account: number, claim: Parameters<Claims['claim']>): Promise<Awaited<ReturnType<Claims['claim']>>>
  release(account: number, release: Parameters<Claims['release']>): Promise<void>
  beginSession(session: Parameters<Sessions['begin']>[0], now: number): Promise<string>
  findSession(person: number, cookie: string, now: number): Promise<Session | null>
  endSession(person: number, cookie: string): Promise<void>
  endSessions(person: number): Promise<void>
  /** Only to the account that the token names: it is the one that knows whether it is good. */
  findToken(account: number, secret: string, now: number): Promise<ApiToken | null>
  isRevoked(account: number, id: string): Promise<boolean>
  take(account: number, from: Taken, count: number): Promise<Shortage | null>
  /** As `Limits.take`. */
  takeOne(account: number, name: LimitName, key: string, count: number): Promise<number>
  giveBack(account: number, from: Taken, count: number): Promise<void>
  /** Something was deployed there, or waits for an approval now, or does not any more: the index of the overview. */
  noted(account: number, repository: number, state: Noted): Awaitable<void>
  /** Of these those in which anything was ever deployed. */
  active(repositories: readonly number[]): Awaitable<readonly { readonly repository: number; readonly at: number }[]>
  /** Of these those in which something waits for an approval. */
  waiting(repositories: readonly number[]): Awaitable<readonly number[]>
  /** This repository has an object. */
  enroll(account: number, repository: number): Awaitable<void>
  /** All of its repositories that have one. */
  repositories(): Awaitable<readonly number[]>
  /** Null where nobody has told this object yet whose it is. */
  readPart(account: number): Promise<ReadableStream<Uint8Array> | null>
  writePart(account: number, stream: ReadableStream<Uint8Array>, instead: boolean): ReturnType<Parts['write']>
  /** The operator's: this account has an object. */
  enrollAccount(account: number): Awaitable<void>
  /** The operator's: all accounts that have one. */
  enrolled(): Awaitable<readonly number[]>
  /** The operator's: which repository or account is called so, by GitHub. `address`: of whoever asks, of whom nothing is proved yet. */
  lookUp(owner: string, name: string | null, address: string): Promise<Found>
  /** The operator's: begins a backup of all objects, which goes on by its alarms. */
  backUp(): Promise<void>
  /** The operator's: at least every few minutes. */
  wake(): Awaitable<void>
}

export interface Copied {
  /** The installation's id; empty but from the operator's object. */
  readonly instance: string
  /** Null where the other one has it already. */
  readonly copy: SealedCopy | null
}

/** What an installation has created on GitHub within an hour, and until when GitHub wants no calls of it (milliseconds). */
export interface Spending {
  readonly installation: number
  readonly created: ReturnType<Spendings['spent']>
  readonly until: number
}

export type Taken = Parameters<Limits['takeAll']>[0]

export interface Noted {
  /** When the newest deployment was asked for (milliseconds). */
  readonly newest: number
  readonly isWaiting: boolean
}

/** `repository`: null for an account. */
export interface Named {
  readonly repository: number | null
  readonly account: number
}

/** Null where GitHub knows none with the App on it; a shortage where too many names were asked for that nobody has heard of. */
export type Found = Named | null | Shortage

/** One per login, in small letters: which ids the account and its repositories have. */
export interface DirectoryDoor {
  /** By whoever knows it from GitHub. `name`: of a repository below that login. */
  told(name: string, home: Home): Awaitable<void>
  /** `name`: null for the account itself. `address`: as `AccountDoor.lookUp` has it. */
  find(owner: string, name: string | null, address: string): Promise<Found>
  /** It is called otherwise now. */
  forget(name: string | null): Awaitable<void>
}

export interface Bindings {
  readonly REPOSITORIES: DurableObjectNamespace<RepositoryDoor>
  readonly ACCOUNTS: DurableObjectNamespace<AccountDoor>
  readonly DIRECTORY: DurableObjectNamespace<DirectoryDoor>
  /** Without it nothing is backed up. */
  readonly BACKUPS?: R2Bucket
  /** Variables and secrets as text; those of a Secrets Store as something to ask. */
  readonly [name: string]: unknown
}

/** The account of whoever runs this Gantry. */
export const OPERATOR = 0

export const repositoryAt = ({ REPOSITORIES }: Bindings, id: number) => asked(() => REPOSITORIES.get(REPOSITORIES.idFromName(String(id))))
export const accountAt = ({ ACCOUNTS }: Bindings, id: number) => asked(() => ACCOUNTS.get(ACCOUNTS.idFromName(String(id))))
export const directoryAt = ({ DIRECTORY }: Bindings, login: string) => asked(() => DIRECTORY.get(DIRECTORY.idFromName(login.toLowerCase())))

/** Deployments' ids begin with their repository's, in base 36. */
export const repositoryOfDeployment = (id: string): number | null => {
  const [, repository] = /^([0-9a-z]{1,11})-[0-9a-z]{16,64}$/.exec(id) ?? []
  return repository === undefined ? null : Number.parseInt(repository, 36)
}
