/** On every answer: nothing is kept, shown in a frame, guessed or run. */
export const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
}

/**
 * On every page: what it loads, asks and sends is our own, and nothing in it runs. The referrer stays with us, and does not go altogether: without one a
 * form's `Origin` is `null` (fetch.spec.whatwg.org, "append a request Origin header").
 */
export const PAGE_HEADERS = {
  ...HEADERS,
  'content-security-policy': [
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'",
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  ].join('; '),
  'referrer-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=(), payment=(), usb=()',
}
