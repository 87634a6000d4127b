import type { Cause } from './cause.ts'
import { challenges } from './challenges.ts'
import { credentials } from './credentials.ts'
import { limits } from './limits.ts'
import { minted } from './minted.ts'
import { names } from './names.ts'
import { network } from './network.ts'
import { tls } from './tls.ts'
import { tokenServers } from './tokens.ts'

/** Everything that goes wrong between us and a registry, brought about by what really causes it. */
export const causes: readonly Cause[] = [...credentials, ...minted, ...names, ...limits, ...network, ...tls, ...tokenServers, ...challenges]
