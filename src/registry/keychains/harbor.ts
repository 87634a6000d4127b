import type { Credential } from '../credential.ts'
import type { Keychain } from '../keychain.ts'

/** Harbor, always under somebody's own host: a robot that is wrong, disabled or expired is a stranger to it, and is told no more. */
export const harbor: Keychain = {
  name: 'harbor',
  title: 'Harbor',
  hosts: [],
  serves: () => false,
  lint: () => null,
  suspect,
  deniedAtToken: 'PERMISSION_DENIED',
  make: 'Make a robot account in the project with Pull on repositories and nothing else; note when it expires.',
  grant:
    'Give the robot account Pull on repositories of this project, and look in Harbor whether it is disabled or has expired: it says the same of all three.',
  sayings: [
    // src: goharbor/harbor, src/server/middleware/contenttrust and vulnerable
    {
      at: 'registry',
      status: [412],
      words: /^PROJECTPOLICYVIOLATION .*not signed/is,
      means: 'PERMISSION_DENIED',
      next: 'Sign the image: this Harbor project lets only signed ones be pulled (project → Configuration → Deployment security).',
    },
    {
      at: 'registry',
      status: [412],
      words: /^PROJECTPOLICYVIOLATION/,
      means: 'PERMISSION_DENIED',
      next: 'Rebuild the image without the vulnerabilities that "found" speaks of, wait for its scan, or put it on the project’s allowlist.',
    },
  ],
}

/** The default prefix of robots is `robot$`, and their names are `robot$project+name` (a system's robot: `robot$name`). */
function suspect(_registry: string, credential: Credential): string | null {
  if (credential.kind !== 'basic' || !/^robot(\+|$)/.test(credential.username)) return null
  return 'Write the robot’s name in single quotes where it passes a shell, robot$project+name: the part from $ to + has been taken for a variable.'
}
