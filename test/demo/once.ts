import { eventually } from '../world/grounds.ts'
import { screenplay } from '../world/screenplay.ts'
import { Town } from './town.ts'

/** Seconds. It takes one or two; what has not happened by then does not happen. */
const LONGEST = 20

/**
 * One deployment without a browser: ada deploys, mallory is refused. Prints the thread and what the site answers; returns the
 * process's exit code, 1 where it did not come out so.
 */
export async function playOnce(print: (text: string) => void): Promise<0 | 1> {
  const town = await Town.opens()
  try {
    const wrongs = await play(town)
    // Throws where a call broke GitHub's own description.
    town.github.verdict()
    print(screenplay(town.github, town.pull.number))
    const { url, digest } = (await town.served())[0]!
    print(`\n${url.href} answers, from ${digest ?? 'no image'}:\n${indented(await textAt(url))}`)
    for (const wrong of wrongs) print(`\nThis is wrong: ${wrong}.`)
    if (wrongs.length > 0) print(`\nThe bot's log:\n${town.log}`)
    return wrongs.length === 0 ? 0 : 1
  } finally {
    await town.closes()
  }
}

/** What came out otherwise than it should. */
async function play(town: Town): Promise<string[]> {
  town.comments('ada', '/deploy staging')
  const isDeployed = (await eventually(() => answersOf(town).length === 1 && !town.isDeploying && isRecorded(town), LONGEST)) && isSaid(town, '✅')
  town.comments('mallory', '/deploy staging :1.0')
  const isRefused = (await eventually(() => answersOf(town).length === 2, LONGEST)) && isSaid(town, '🚫')
  const head = `sha-${(town.pull.pull?.head ?? '').slice(0, 7)}`
  const wanted = town.registry.oci.digestOf(`acme/shop:${head}`)
  const isServed = (await town.served())[0]?.digest === wanted
  return [
    ...(isDeployed ? [] : ["ada's deployment did not end in success"]),
    ...(isRefused ? [] : ['mallory was not refused']),
    ...(isServed ? [] : [`the site does not serve ${wanted}`]),
  ]
}

/** The bot's comments that have come to their end. */
const answersOf = ({ pull, github }: Town) => pull.comments.filter(({ author, body }) => author.id === github.bot.id && !/^[⏳🚦]/u.test(body))
const isSaid = (town: Town, mark: string): boolean => answersOf(town).at(-1)?.body.startsWith(mark) ?? false
const isRecorded = ({ github }: Town): boolean => github.repository.deployments.at(-1)?.statuses.at(-1)?.state === 'success'

async function textAt(url: URL): Promise<string> {
  const page = await fetch(url).then((answer) => answer.text())
  const title = /<title>(.*?)<\/title>/s.exec(page)?.[1] ?? ''
  return `${title}\n${page
    .replace(/^.*<body>|<[^>]*>/gs, ' ')
    .replace(/\s+/g, ' ')
    .trim()}`
}

const indented = (text: string): string => text.replaceAll(/^/gm, '    ')
