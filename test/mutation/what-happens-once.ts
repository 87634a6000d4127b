import { mutants } from './mutant.ts'

const NO_FENCE = `on conflict (key) do update set fence = excluded.fence', environment, fence + 1)`

/** What makes an effect happen exactly once, in order, and by whom it may: the journal, the claim, the intent, the reading back. */
export const whatHappensOnce = [
  ...mutants(
    'store/deployments.ts',
    [
      'request.key, request.repository.id, request.subject',
      'id + request.key, request.repository.id, request.subject',
      'no dedupe: the same command is two deployments',
    ],
    [
      "const OCCUPIES = `(state in ('applying', 'observing', 'restoring') or",
      "const OCCUPIES = `(state in ('applying', 'restoring') or",
      'what is being read back does not occupy its environment',
    ],
    ["or (state = 'unknown' and settled_at is null))`", 'or 1 = 0)`', 'an unknown outcome blocks nobody'],
    [NO_FENCE, NO_FENCE.replace('fence + 1', 'fence'), 'the fence of the environment does not rise'],
    [
      "update deployment set state = 'applying', fence = ?, before = ? where id = ?`, fence + 1,",
      "update deployment set state = 'applying', fence = ?, before = ? where id = ?`, fence,",
      'a turn has the fence of the one before',
    ],
    ['const fence = fenceOf(sql, environment) + 1\n', 'const fence = fenceOf(sql, environment)\n', 'putting back has the fence of what it undoes'],
    [
      'if (isOvertaken(sql, environment, sequence, requestIn(mine.request))) return',
      'if (false) return',
      'an older request has its turn after a newer success',
    ],
    [
      'if (turnOf(sql, environment) !== id || fenceOf(sql, environment) !== fence)',
      'if (fenceOf(sql, environment) !== fence)',
      'whoever is ready claims, whosever turn it is',
    ],
    [' || fenceOf(sql, environment) !== fence) return', ') return', 'what was seen before another turn counts as seen now'],
    [
      "environment = ? and ended_at is null and state <> 'waiting' order by sequence limit 1`",
      "environment = ? and ended_at is null and state <> 'waiting' order by sequence desc limit 1`",
      'the last to come is the first to go',
    ],
    [
      "ended_at is null and state <> 'waiting' order by sequence limit 1`",
      'ended_at is null order by sequence limit 1`',
      'who waits for an approval holds the queue',
    ],
    ["where id = ? and state = 'queued'`,\n    id,", 'where id = ?`,\n    id,', 'a cancelled deployment can still claim'],
    ['where id = ? and ended_at is null returning sequence`', 'where id = ? returning sequence`', 'what has ended can end again'],
    [
      'where id = ? and state = ? returning sequence`,\n    ...[to,',
      'where id = ? and ? is not null returning sequence`,\n    ...[to,',
      'a move does not look where it comes from: what was cancelled goes on',
    ],
    ["if (state === 'applying') return 'asked'", "if (false) return 'asked'", 'what is being applied is cancelled as if it were not'],
    [
      "if (state === 'observing' || state === 'restoring') return 'too late'",
      "if (state === 'restoring') return 'too late'",
      'after the switch a cancellation is still obeyed',
    ],
    [
      "open: () => many('ended_at is null')",
      "open: () => many(`ended_at is null and state <> 'applying'`)",
      'what was being applied is not taken up at the next start',
    ],
    ['on conflict (deployment, person) do update set login', 'on conflict do nothing --', 'the first word of a person counts, and not the last'],
    [
      "one(`environment = ? and state = 'success' order by fence desc`",
      "one(`environment = ? and state = 'success' order by fence`",
      'the first success counts as the last',
    ],
  ),
  ...mutants('store/records.ts', [
    'cancellation: json(row.cancellation) as Cancellation | null',
    'cancellation: null as Cancellation | null',
    'cancellations are forgotten',
  ]),
  ...mutants(
    'store/locks.ts',
    ['and (until is null or until > ?) order by id`', 'and (until is null or until > 0 * ?) order by id`', 'a lock never ends'],
    ['(until <= ? or id = ?)', '(1 = 1 or until <= ? or id = ?)', 'anybody takes anybody’s lock'],
  ),
  ...mutants('store/claims.ts', ['held !== undefined && held.environment !== environment', 'false', 'two environments have one workload']),
  ...mutants(
    'deploy/effect.ts',
    ['if (!isOurs(now, deployment, doors)) {', 'if (true) {', 'no read-back: after a crash what was done is done again'],
    ['if (!isSame(now, before)) {', 'if (false) {', 'a target that somebody moved is taken all the same'],
    [
      'if (deployment.cancellation !== null) {',
      'if (false) {',
      'a cancellation is forgotten by the next process',
      'the attempt that follows asks once more before its first request',
    ],
    [
      'if (clock.now() - (deployment.steps.at(-1)?.startedAt ?? 0) < FRESH) return false',
      'if (true) return false',
      'an intent from before a long sleep is carried out, whatever has changed',
    ],
    ['if (now !== null && isOurs(now, deployment, doors) && why', 'if (false && why', 'a lost answer counts as a failure'],
    ['mayComeLate ||= outcome.isLost', '', 'what may still be carried out is called a failure'],
    [
      'if (outcome.isLost && outcome.now !== null && !isSame(',
      'if (false && outcome.now !== null && !isSame(',
      'a lost request is repeated over what somebody else did meanwhile',
    ],
    ['if (!runsPlan(now, plan)) return runsOther(', 'if (false) return runsOther(', 'success is what was sent, not what runs'],
    ['return answer === null ? succeed(', 'return true ? succeed(', 'whether its address answers does not matter'],
    ['if (canRestore(deployment, why, doors)) journal.restore(', 'if (false) journal.restore(', 'nothing is ever put back'],
    ['last.fence + 1 !== fence) return false', 'false) return false', 'what succeeded once counts as running, whatever came between'],
    ['doors.applying.set(deployment.id, controller)', '', 'a cancellation does not reach the target'],
  ),
  ...mutants(
    'deploy/rollout.ts',
    ['const since = heeded(', 'const since = ((..._: unknown[]): Progress | null => null)(', 'a lock between the gates and the claim is not heeded'],
    [
      'const against = heeded(deployment, await recheck(deployment, doors), doors)',
      'const against: Progress | null = null',
      'the gates are asked once, and not again before the effect',
    ],
    ["if (journal.turn(environment)?.id !== deployment.id) return 'blocked'", '', 'nobody waits for their turn: the claim alone says no, for ever'],
    [
      'if (deployment === null || hasEnded(deployment.state)) return\n',
      'if (deployment === null) return\n',
      'what was cancelled while a step ran ends twice',
    ],
    ['if (deployment.fence !== null) unknown(', 'if (false) unknown(', 'an interrupted effect is called a failure'],
    ['decision.wait.reason === reason && clock.now() >= until', 'false', 'a wait has no end'],
    ['if (twin !== null && !(twin.state', 'if (twin !== null && false && !(twin.state', 'the same plan is deployed twice side by side'],
    [
      'const claimed = journal.claim(deployment.id, before, fence, clock.now())',
      'const claimed = journal.claim(deployment.id, before, journal.fence(environment), clock.now())',
      'the fence is read after looking, and not before',
    ],
  ),
  ...mutants(
    'deploy/restore.ts',
    ['id: `${deployment.id}-back`', 'id: deployment.id', 'putting back has the name of what it undoes'],
    ['fence: claimed.fence,', 'fence: deployment.fence ?? 0,', 'putting back comes with an old fence'],
    ["if (trouble?.code === 'TARGET_UNAVAILABLE' &&", 'if (false &&', 'a putting back without an answer is called done or failed'],
    ['  lock(deployment, doors)\n  end(', '  end(', 'rollback_and_lock does not lock'],
    ['isSamePlace && runsPlan(doors.journal.before(id), last) ? last : null', 'isSamePlace ? last : null', 'what is put back is not what was there'],
  ),
  ...mutants(
    'deploy/gates/approvals.ts',
    ['records.approvals.filter(({ planHash }) => planHash === records.planHash)', 'records.approvals', 'an approval of one plan counts for another'],
    ['counting.length >= rule.count', 'counting.length >= 1', 'one approval is enough'],
  ),
  ...mutants('deploy/may-approve.ts', ['own === undefined ? null', 'true ? null', 'people approve their own deployments']),
  ...mutants('deploy/gates/lock.ts', ['owner.id === request.actor.id', 'true', 'everybody holds every lock']),
  ...mutants(
    'deploy/service.ts',
    ['wakeNext(environment)\n    } catch', '} catch', 'whoever is next is not woken'],
    ['if (isAgain) go(id)', '', 'what happens while a deployment is looked at is not seen'],
    ['if (driving.has(id)) return void driving.set(id, true)', '', 'one deployment is taken twice at once'],
    ['journal.settle(key, clock.now())', '', 'an unknown outcome is never freed'],
    ['else go(id)\n', 'else void id\n', 'nothing is taken up after a start'],
  ),
  ...mutants(
    'deploy/watch.ts',
    [
      'tell({ key: `n:${deployment.request.repository.id}:drift:',
      'void ({ key: `n:${deployment.request.repository.id}:drift:',
      'nobody is told that something else runs',
    ],
    ["contract === 'readable') repair(", "contract === 'keyed') repair(", 'what came late to a target without fences stays'],
  ),
  ...mutants('deploy/health.ts', [' || tries * BETWEEN > health.within', '', 'a clock that is set back lengthens a check']),
]
