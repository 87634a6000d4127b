import { expect, test } from 'vitest'
import { manifestOf } from '../../src/runtime/manifest.ts'
import { textOf } from './house.ts'

const HOME = 'https://gantry.acme.example'
const REDIRECT = 'http://127.0.0.1:3000/setup/registered'

test('what GitHub is sent to register the App has this Gantry’s addresses, and nobody else’s', () => {
  const manifest = manifestOf(textOf('app.yml'), { home: HOME, hook: null, redirect: REDIRECT, pages: HOME })
  expect(JSON.parse(manifest)).toMatchObject({
    url: HOME,
    redirect_url: REDIRECT,
    callback_urls: [`${HOME}/login/callback`],
    hook_attributes: { url: `${HOME}/api/github/webhooks`, active: true },
    request_oauth_on_install: false,
    public: false,
  })
  expect(manifest).not.toContain('example.com')
})

test('behind a proxy for webhooks, browsers still come to Gantry itself', () => {
  const hook = 'https://smee.io/abcdef'
  const manifest = manifestOf(textOf('app.yml'), { home: 'https://smee.io', hook, redirect: REDIRECT, pages: 'http://127.0.0.1:3000' })
  expect(JSON.parse(manifest)).toMatchObject({ hook_attributes: { url: hook }, callback_urls: ['http://127.0.0.1:3000/login/callback'] })
})
