export { AccountObject, default, DirectoryObject, RepositoryObject } from 'gantry/src/runtime/cloudflare/main.ts'
