import { awsExchange, lintAws } from '../aws.ts'
import type { Keychain } from '../keychain.ts'

/** Amazon ECR Public: everybody may pull, one request a second; with a login ten. It says 400 of a token that has expired. */
export const ecrPublic: Keychain = {
  name: 'ecr-public',
  title: 'Amazon ECR Public',
  hosts: ['public.ecr.aws'],
  serves: (registry) => registry === 'public.ecr.aws',
  lint: lintAws,
  deniedAtToken: 'PERMISSION_DENIED',
  make: 'Everybody may pull from public.ecr.aws; a login raises the limit from one request a second to ten. It needs ecr-public:GetAuthorizationToken and sts:GetServiceBearerToken on *.',
  grant: 'Allow ecr-public:GetAuthorizationToken and sts:GetServiceBearerToken on * to the IAM user or role; pulling itself needs no permission.',
  sayings: [
    // issue: aws/containers-roadmap#2835 (400, no challenge); docs.aws.amazon.com, "Troubleshooting Amazon ECR Public" (denied)
    { status: [400, 403], words: /authorization token has expired/i, means: 'CREDENTIAL_EXPIRED' },
    // issue: registry.md, 2.1
    {
      status: [429],
      words: /rate exceeded/i,
      means: 'RATE_LIMITED',
      next: 'Store IAM keys for public.ecr.aws below `aws` in the operator file: with them it answers ten requests a second, without one.',
    },
    {
      status: [429],
      words: /data limit exceeded/i,
      means: 'RATE_LIMITED',
      next: 'Store IAM keys for public.ecr.aws below `aws` in the operator file, or copy the image to a registry of your own.',
    },
  ],
  exchange: awsExchange({
    service: 'ecr-public',
    target: 'SpencerFrontendService.GetAuthorizationToken',
    permission: 'ecr-public:GetAuthorizationToken and sts:GetServiceBearerToken',
    // The API exists in one region only.
    at: (registry) =>
      registry === 'public.ecr.aws'
        ? { region: 'us-east-1', api: 'https://api.ecr-public.us-east-1.amazonaws.com', sts: 'https://sts.us-east-1.amazonaws.com' }
        : null,
  }),
}
