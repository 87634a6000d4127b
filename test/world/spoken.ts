/** Ids and commits differ from story to story; what a reader sees of them does not matter. */
export function spoken(body: string, head = 'no head'): string {
  return body
    .replaceAll(/<!--.*?-->/gs, '')
    .replaceAll(head, '<head>')
    .replaceAll(head.slice(0, 7), '<head>')
    .replaceAll(/^([a-z].*)(\n\1)+$/gm, '$1') // a line of the log, of a step that was taken up again
    .replaceAll(/(?<=[· ])(3[0-9] s|1 min [0-9]+ s)(?= *$|\. )/gm, '0.0 s') // of which a death has waited half a minute
    .replaceAll(/(?<=deployment \[?`)[0-9a-z]+-[0-9a-f]{32}(?=`)/g, '<id>') // another one after a death before it was written down
    .replaceAll(/(?<=#issuecomment-)\d+/g, '<id>') // after a death something may have been made once more before it
    .trim()
}
