import { awsExchange, lintAws } from '../aws.ts'
import type { AwsPlace } from '../aws.ts'
import type { Keychain } from '../keychain.ts'

/** Amazon ECR: Basic with a password of twelve hours, which IAM keys are exchanged for; its 403 may mean that it has expired. */
export const ecr: Keychain = {
  name: 'ecr',
  title: 'Amazon ECR',
  hosts: ['*.dkr.ecr.*.amazonaws.com', '*.dkr.ecr.*.amazonaws.com.cn', '*.dkr.ecr-fips.*.amazonaws.com', '*.dkr-ecr.*.on.aws'],
  serves: (registry) => placeOf(registry) !== null,
  lint: lintAws,
  deniedAtToken: 'PERMISSION_DENIED',
  make: 'Give an IAM user or role ecr:GetAuthorizationToken on *, and on the repository ecr:BatchGetImage, ecr:GetDownloadUrlForLayer and ecr:BatchCheckLayerAvailability.',
  grant:
    'Allow ecr:BatchGetImage, ecr:GetDownloadUrlForLayer and ecr:BatchCheckLayerAvailability on this repository to the IAM user or role (and in the repository’s own policy, if it belongs to another account).',
  sayings: [
    // issue: flipt#3043, soci-snapshotter#920; no challenge comes with it
    { status: [403], words: /authorization token has expired/i, means: 'CREDENTIAL_EXPIRED' },
    // doc: IAM User Guide, "Troubleshoot access denied error messages"
    {
      status: [403],
      words: /not authorized to perform: ecr:.*VPC endpoint policy/is,
      means: 'NETWORK_POLICY_DENIED',
      next: 'Allow the action that is named in "found" in the policy of the VPC endpoint.',
    },
    // issue: registry.md, 2.1
    { status: [403], words: /not authorized to perform: ecr:/i, means: 'PERMISSION_DENIED' },
    // issue: registry.md, 2.1; ECR says it only to those who may ask
    {
      status: [404],
      words: /repository with name .* does not exist in the registry/i,
      means: 'REPOSITORY_NOT_FOUND',
      next: 'Compare account number and region in the host name with where the repository is, and write its name below the host, not its URI.',
    },
  ],
  exchange: awsExchange({
    service: 'ecr',
    target: 'AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken',
    permission: 'ecr:GetAuthorizationToken',
    at: placeOf,
  }),
}

// src: amazon-ecr-credential-helper, ecr-login/api/client.go; `dkr-ecr` and `on.aws` are the names with IPv6
const HOST =
  /^\d{12}\.dkr[.-]ecr(-fips)?\.([a-z0-9][a-z0-9-]*)\.(amazonaws\.(?:com(?:\.cn)?|eu)|on\.(?:aws|amazonwebservices\.com\.cn)|sc2s\.sgov\.gov|c2s\.ic\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)$/

/** The API has the registry's own region and partition (aws-sdk, ECR endpoint rules); over IPv4, unless `endpoint` names another. */
function placeOf(registry: string): AwsPlace | null {
  const [found, fips, region = '', written = ''] = HOST.exec(registry) ?? []
  if (found === undefined) return null
  const domain = written.replace(/^on\.aws$/, 'amazonaws.com').replace(/^on\.amazonwebservices\./, 'amazonaws.')
  const api = fips === undefined ? 'api.ecr' : domain === 'amazonaws.com' ? 'ecr-fips' : 'api.ecr-fips'
  return { region, api: `https://${api}.${region}.${domain}`, sts: `https://sts.${region}.${domain}` }
}
