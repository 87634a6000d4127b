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
    hint: 'Nobody has asked to deploy that new commit.',
    words: () => 'Push right after the next comment',
    isOn: ({ armed }) => armed.push,
    press: ({ armed }) => void (armed.push = !armed.push),
  },
  {
    name: 'registry',
    hint: 'Deploy while it is away.',
    words: ({ registry }) => (registry.isDown ? 'Bring the registry back' : 'Take the registry down'),
    isOn: ({ registry }) => registry.isDown,
    press: (town) => town.turnsRegistry(!town.registry.isDown),
  },
  {
    name: 'password',
    hint: 'Found out before anything changes.',
    words: ({ isPasswordWrong }) => (isPasswordWrong ? 'Tell Gantry the new password' : "Change the registry's password"),
    isOn: ({ isPasswordWrong }) => isPasswordWrong,
    press: (town) => (town.isPasswordWrong ? town.tellsPassword() : town.changesPassword()),
  },
  {
    name: 'crash',
    hint: 'In the middle of a deployment: it goes on.',
    words: ({ armed }) => (armed.crash ? 'The bot dies in the next deployment' : 'Kill the bot'),
    isOn: ({ armed }) => armed.crash,
    press: (town) => {
      if (town.isDeploying) void town.crashes()
      else town.armed.crash = !town.armed.crash
    },
  },
]
