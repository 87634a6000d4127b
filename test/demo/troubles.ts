import type { Town } from './town.ts'

/** Something that goes wrong at a press of a button, and can be seen to be borne. */
export interface Trouble {
  readonly name: string
  readonly hint: string
  words(town: Town): string
  isOn(town: Town): boolean
  press(town: Town): void | Promise<void>
}

export const troubles: readonly Trouble[] = [
  {
    name: 'push',
    hint: 'Nobody has asked to deploy that commit.',
    words: () => 'Push a commit right after the next comment',
    isOn: ({ armed }) => armed.push,
    press: ({ armed }) => void (armed.push = !armed.push),
  },
  {
    name: 'registry',
    hint: 'Deploy while it is away: what is said, and who can help?',
    words: ({ isRegistryDown }) => (isRegistryDown ? 'Bring the registry back' : 'Take the registry down'),
    isOn: ({ isRegistryDown }) => isRegistryDown,
    press: (town) => town.turnsRegistry(!town.isRegistryDown),
  },
  {
    name: 'password',
    hint: "Found before anything changes, and told to the one who can put it right.",
    words: ({ isPasswordWrong }) => (isPasswordWrong ? "Take Gantry's password again" : "Change the registry's password"),
    isOn: ({ isPasswordWrong }) => isPasswordWrong,
    press: (town) => town.changesPassword(!town.isPasswordWrong),
  },
  {
    name: 'crash',
    hint: 'At once while it deploys, else in the middle of the next deployment. It goes on where it was.',
    words: ({ armed }) => (armed.crash ? 'The bot dies in the next deployment' : 'Kill the bot'),
    isOn: ({ armed }) => armed.crash,
    press: (town) => {
      if (town.isDeploying) void town.crashes()
      else town.armed.crash = !town.armed.crash
    },
  },
]
