import { startScriptedServer } from '../scripted-server.ts'
import type { Caught, Reply, ScriptedServer } from '../scripted-server.ts'
import { answerAsAws } from './aws.ts'
import type { AwsSetup } from './aws.ts'
import { answerAsCloudflare } from './cloudflare.ts'
import type { CloudflareSetup } from './cloudflare.ts'
import { answerAsEntra } from './entra.ts'
import type { EntraSetup } from './entra.ts'
import { answerAsGoogle } from './google.ts'
import type { GoogleSetup } from './google.ts'

/** A vendor's API as its documentation has it, told apart by `vendor`; `skew`: milliseconds by which its clock is ahead of ours. */
export type VendorSetup = (AwsSetup | GoogleSetup | EntraSetup | CloudflareSetup) & { readonly skew?: number }

/** Starts it on loopback. Nothing of the product's code is used in it. */
export function startVendor(setup: VendorSetup): Promise<ScriptedServer> {
  return startScriptedServer([], (caught) => {
    const now = Date.now() + (setup.skew ?? 0)
    const reply = answer(setup, caught, now)
    return { ...reply, headers: { date: new Date(now).toUTCString(), ...reply.headers } }
  })
}

function answer(setup: VendorSetup, caught: Caught, now: number): Reply {
  if (setup.vendor === 'aws') return answerAsAws(setup, caught, now)
  if (setup.vendor === 'google') return answerAsGoogle(setup, caught, now)
  return setup.vendor === 'entra' ? answerAsEntra(setup, caught) : answerAsCloudflare(setup, caught)
}
