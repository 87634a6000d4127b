import { cloudflare } from './machine.ts'
import { objectsOn } from './objects.ts'
import { createWorker } from './worker.ts'

export const { RepositoryObject, AccountObject, DirectoryObject } = objectsOn(cloudflare)

export default createWorker(cloudflare)
