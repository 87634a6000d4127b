import { playOnce } from './once.ts'
// npm run demo [-- --once | --port N | --no-open]
if (process.argv.includes('--once')) process.exitCode = await playOnce((text) => console.log(text))
