import { NOTHING_ASKED, type DeployRequest } from '../../../src/deploy/deployment.ts'
import type { Look } from '../../../src/deploy/source.ts'
import { Failure } from '../../../src/errors.ts'
import type { Person } from '../../world/github/people.ts'
import type { Comment, Issue } from '../../world/github/state.ts'
import type { Desk } from './desk.ts'

/** Requests as the bot would make them of what happened at the desk. */
export class Asking {
  readonly #desk: Desk

  constructor(desk: Desk) {
    this.#desk = desk
  }

  request(
    comment: Comment | null,
    more: Partial<DeployRequest> = {},
    on: Issue = this.#desk.pull,
    who: Person = this.#desk.github.people.ada,
  ): DeployRequest {
    const { repository, installation } = this.#desk.github
    return {
      ...{
        key: 'k',
        door: comment === null ? 'label' : 'comment',
        headSeen: null,
        askedAt: comment?.createdAt ?? this.#desk.time.now(),
        receivedAt: this.#desk.time.now(),
      },
      repository: { id: repository.id, node: repository.node, owner: repository.owner.login, name: repository.name, installation: installation.id },
      subject: { number: on.number, node: on.node, isPull: on.pull !== null },
      actor: { id: who.id, login: who.login, app: who.account.app },
      comment: comment === null ? null : { id: comment.id, node: comment.node, body: comment.body, url: 'https://github.com/x' },
      asks: NOTHING_ASKED,
      ...more,
    }
  }

  said(text = '/deploy', who = this.#desk.github.people.ada): Comment {
    return who.comments(this.#desk.pull, text)
  }

  /** Begun by itself: nobody asked on a thread. */
  automatic(headSeen: string | null, ref: string | null = null): DeployRequest {
    return this.request(null, { door: 'push', subject: null, headSeen, asks: { ...NOTHING_ASKED, ref } })
  }

  /** `--ref`, in a comment on the pull request. */
  withRef(ref: string, on?: Issue): DeployRequest {
    return this.request(this.said(), { asks: { ...NOTHING_ASKED, ref } }, on)
  }

  /** The code of the failure. */
  async failing(asked: DeployRequest, besides: Look = {}): Promise<string> {
    const error: unknown = await this.#desk.source.look(asked, besides).catch((thrown: unknown) => thrown)
    return error instanceof Failure ? error.problem.code : `no failure: ${JSON.stringify(error)}`
  }

  /** The calls that this look made. */
  async calls(asked: DeployRequest, besides: Look = {}): Promise<readonly string[]> {
    const before = this.#desk.calls().length
    await this.#desk.source.look(asked, besides)
    return this.#desk.calls().slice(before)
  }
}
