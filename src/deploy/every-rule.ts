import { Refusal } from '../errors.ts'
import { everyRules } from './environment.ts'
import { Waits, type Gate, type Situation } from './gates/gate.ts'

type Judgement = ReturnType<Gate['judge']>

/**
 * One gate by the repository's rules and by each of the account's demands: whatever one of them refuses is refused, then whatever one of
 * them waits for is waited for. Nothing is merged, so that nothing can be merged wrongly; the gates know of one set of rules.
 */
export function byEveryRule(gate: Gate, situation: Situation): Judgement {
  const own = gate.judge(situation)
  const { proposal } = situation
  if (proposal?.rules.also === undefined || own instanceof Refusal) return own
  const [, ...others] = everyRules(proposal.rules)
  const all = [own, ...others.map((rules) => markedUnless(own, gate.judge({ ...situation, proposal: { ...proposal, rules } })))]
  return all.find((one) => one instanceof Refusal) ?? waitFor(all.filter((one) => one instanceof Waits)) ?? passed(all)
}

/** The one that ends first is looked at next, and says what the others wait for. */
function waitFor(all: readonly Waits[]): Waits | null {
  const [first] = all.toSorted((a, b) => a.wait.lookAt - b.wait.lookAt)
  return first === undefined
    ? null
    : new Waits({
        ...first.wait,
        sentence: joined(
          all.map(({ wait }) => wait.sentence),
          ' ',
        ),
      })
}

function passed(all: readonly Judgement[]): string | null {
  const sentences = all.filter((one) => typeof one === 'string')
  return sentences.length === 0 ? null : joined(sentences, '; ')
}

const joined = (sentences: readonly string[], by: string): string => [...new Set(sentences)].join(by)

const MARK = " (the account's defaults)"

/** Who reads it has to know which of the two files says so, and who can change it. */
function markedUnless(own: Judgement, one: Judgement): Judgement {
  if (one === null) return null
  if (typeof one === 'string') return one === own ? one : `${one}${MARK}`
  if (one instanceof Waits) {
    const { sentence } = one.wait
    const isSaid = own instanceof Waits && own.wait.sentence === sentence
    return isSaid ? one : new Waits({ ...one.wait, sentence: `${sentence.replace(/\.$/, '')}${MARK}.` })
  }
  const { code, wanted = 'something else', who, ...details } = one.problem
  // A label is still put on the image by the repository's own build.
  const isTheirs = who === 'repository' && code !== 'IMAGE_COMMIT_UNKNOWN'
  return new Refusal(code, { ...details, wanted: `${wanted}${MARK}`, who: isTheirs ? 'account' : who })
}
