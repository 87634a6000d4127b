import type { Command } from '../command.ts'
import { deployOrRehearse } from '../rehearsal.ts'
import { interpretDeploy } from '../parse.ts'

export const deploy: Command = {
  name: 'deploy',
  summary: 'Deploys an image to an environment',
  phrase: 'an image',
  purpose: 'To change what runs',
  usage: [
    '/deploy [app/][environment] [:tag, @digest or host/name:tag] [--ref R] [--dry-run] [--expect SHA-or-digest] [--when-green] [--override reason] [--allow-older] [key=value …]',
  ],
  who: 'Whoever has the role that the environment asks for (`write`, if it says nothing) and fits its other rules; `/who ENVIRONMENT` tells. `--override` is for administrators of the repository.',
  examples: [
    ['/deploy', 'the default environment, and this commit’s image'],
    ['/deploy production :1.2', 'a tag of the only image'],
    ['/deploy production --dry-run', 'says what it would come to, and changes nothing'],
    ['/deploy production --when-green', 'waits for the checks that still run'],
  ],
  options: ['ref', 'dry-run', 'expect', 'when-green', 'override', 'allow-older'],
  hasParameters: true,
  mostWords: 2,
  role: 'write',
  judgedBy: 'gates',
  run: (context) => deployOrRehearse(interpretDeploy(context.args), context),
}
