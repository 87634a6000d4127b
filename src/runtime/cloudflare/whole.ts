// What one life of an object is made of. It is imported when the first begins: until then nothing of it is run, which is a third of what a Worker takes to its
// first answer (npm run bench -- workers). Most Workers in front of objects never need it.
export { assemble, noteOperator, openSecrets } from '../../assemble.ts'
export { readOperator } from '../operator-text.ts'
export { tooLarge } from '../../web/body.ts'
export { tooManyRequests } from '../../web/pace.ts'
export { problemBody } from '../../web/problems.ts'
