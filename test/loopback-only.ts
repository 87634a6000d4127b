import nock from 'nock'

// A test that reaches for the internet fails at once, on every machine alike. Loopback servers are real and stay reachable.
nock.disableNetConnect()
nock.enableNetConnect(/^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/)
