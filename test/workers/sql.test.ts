import { describeJournal } from '../contracts/journal.contract.ts'
import { describeSql } from '../contracts/sql.contract.ts'
import type { Host } from '../world/host.ts'
import { hostAt } from './host.ts'

let host: Host
const inside = (work: () => unknown): Promise<unknown> => hostAt('sql', async (its) => ((host = its), work()))
const open = () => ({ sql: host.newDisk(), close: () => {} })

describeSql('a Durable Object', open, inside)
describeJournal('a Durable Object', open, inside)
