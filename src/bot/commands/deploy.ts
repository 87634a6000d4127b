import type { Command } from '../command.ts'
import { interpretDeploy } from '../parse.ts'

export const deploy: Command = {
  name: 'deploy',
  summary: 'Deploys an image to an environment',
  usage: ['/deploy [app/][environment] [:tag, @digest or host/name:tag] [--ref R]'],
  role: 'write',
  judgedBy: 'gates',
  run: async ({ args, request, service, refuse }) => {
    const asks = interpretDeploy(args)
    if ('problem' in asks) await refuse(asks.problem)
    else service.deploy({ ...request, asks })
  },
}
