/** A file's text, as Vite reads it and as `wrangler.jsonc` has its rule. */
declare module '*?raw' {
  const text: string
  export default text
}
