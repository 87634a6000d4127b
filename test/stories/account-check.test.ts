import type { Cast } from '../story.ts'
import { expect, story } from '../story.ts'
import { openHome } from '../world/github/home.ts'
import type { CheckRun, Repository } from '../world/github/state.ts'

const FILE = '.github/deploy-defaults.yml'
const DEMANDS = `version: 1
environments:
  production:
    approvals: { count: 2 }
    require: { signed: true }
`

/** Grace opens a pull request in the account's repository `.github` that makes this of the file. */
async function changes({ world, github }: Cast, text: string | null, file = FILE): Promise<Repository> {
  const home = openHome(github, { isPrivate: true, isInstalled: true, defaults: DEMANDS })
  const { grace } = github.people
  home.roles.set(grace.id, { role: 'admin', name: 'admin' })
  const there = grace.at(home)
  there.pushes('change', { files: { [file]: text } })
  there.opensPullRequest({ branch: 'change' })
  await world.settle()
  return home
}

const shown = ({ checks }: Repository): readonly string[] =>
  checks.map(({ name, conclusion, output, annotations }: CheckRun) =>
    [
      `${name}: ${conclusion} | ${output?.title}`,
      output?.summary ?? '',
      ...annotations.map(({ path, lines: [from], title, message }) => `${path}:${from} ${title}: ${message.split('\n')[0]}`),
    ].join('\n\n'),
  )

story('a change of the account’s defaults says on its pull request which demand comes and which goes', async (cast) => {
  const home = await changes(
    cast,
    DEMANDS.replace('count: 2', 'count: 1').replace('    require: { signed: true }\n', '  "stag*": { from: { forks: false } }\n'),
  )
  expect(shown(home)).toMatchInlineSnapshot(`
    [
      "Gantry: deploy-defaults.yml: success | Valid: 3 looser, 1 stricter

    ✅ \`.github/deploy-defaults.yml\` is valid. It counts once it stands on \`main\`.

    **Looser: more may happen than before**

    * production: the number of approvals needed is 1; it was 2.
    * production: the commit no longer has to be signed.
    * production: nothing has to say which commit an image was built from; it was its label.

    **Stricter: less may happen than before**

    * \`stag*\`: the head of a fork's pull request may no longer be deployed.",
    ]
  `)
})

story('broken defaults are annotated at their lines', async (cast) => {
  const home = await changes(cast, DEMANDS.replace('approvals', 'target: x\n    aprovals'))
  expect(shown(home)).toMatchInlineSnapshot(`
    [
      "Gantry: deploy-defaults.yml: failure | Not valid: 2 problems

    🚫 \`.github/deploy-defaults.yml\` is not valid: 2 problems. On \`main\` it would stop every deployment of the account.

    * Line 4, column 5: The key "target" is not known here.
    * Line 5, column 5: The key "aprovals" is not known here. Did you mean "approvals"?

    - **Next:** correct it here; \`gantry config check .github/deploy-defaults.yml\` says the same before a push
    - **Code:** \`CONFIGURATION_INVALID\`

    .github/deploy-defaults.yml:4 environments.production.target: The key "target" is not known here.

    .github/deploy-defaults.yml:5 environments.production.aprovals: The key "aprovals" is not known here. Did you mean "approvals"?",
    ]
  `)
})

story('deleted defaults demand nothing any more', async (cast) => {
  expect(shown(await changes(cast, null))).toMatchInlineSnapshot(`
    [
      "Gantry: deploy-defaults.yml: neutral | Deleted: the account would demand nothing any more

    ❔ \`.github/deploy-defaults.yml\` is deleted here. Once it is gone from \`main\`, the account demands nothing besides each repository's own file.",
    ]
  `)
})

story('the file that the account’s repository has for itself is checked beside them', async (cast) => {
  const home = await changes(cast, 'version: 2\n', '.github/deploy.yml')
  expect(home.checks.map(({ name, conclusion }) => [name, conclusion])).toEqual([['Gantry: deploy.yml', 'failure']])
})

story('in any other repository such a file means nothing', async (cast) => {
  const { ada, world, github } = cast
  ada.person.pushes('checkout', { files: { [FILE]: 'version: 2\n' } })
  await world.settle()
  expect(github.repository.checks).toEqual([])
})
