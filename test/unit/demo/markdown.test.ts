import { expect, test } from 'vitest'
import { render } from '../../demo/markdown.ts'

test.each([
  ['a <b>bold</b> <img src=x onerror=alert(1)> word', '<p>a bold  word</p>'],
  ['<script>alert(1)</script>', ''],
  ['<details open ontoggle=alert(1)>\n\nx\n\n</details>', '<p>x</p>'],
  ['<!-- gantry:deployment 1 -->', ''],
  ['![a picture](https://example.com/x.png)', '<p><span>a picture</span></p>'],
  ['[a link](javascript:alert(1)) [another](/etc)', '<p><span>a link</span> <span>another</span></p>'],
  ['[a link](https://example.com)', '<p><a href="https://example.com" target="_blank" rel="noopener noreferrer">a link</a></p>'],
  ['[this comment](<https://github.com/acme/shop/pull/1#issuecomment-7>)', '<p><a href="#issuecomment-7">this comment</a></p>'],
  ['@ada and a@b.example', '<p><strong class="mention">@ada</strong> and <span>a@b.example</span></p>'],
  ['`@ada ✅`', '<p><code>@ada ✅</code></p>'],
])('%s', (markdown, html) => {
  expect(render(markdown).replaceAll('\n', '').trim()).toBe(html)
})

test('the log is folded', () => {
  const html = render('<details>\n<summary>Log & more</summary>\n\n```text\n<b>\n```\n\n</details>\n\nbelow').replaceAll('\n', '')
  expect(html).toBe('<details><summary>Log &#x26; more</summary><pre><code class="language-text">&#x3C;b></code></pre></details><p>below</p>')
})

test('marks are drawn, and stay the characters that they are for who copies or listens', () => {
  const html = render('* ✅ Image found · 1 s\n* ⏭️ left out')
  expect(html).toContain('<ul class="steps">')
  expect(html).toMatch(/icon-done.*✅.*icon-skipped.*⏭️/s)
})
