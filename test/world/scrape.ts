/** What a page of Prometheus' text format says (https://prometheus.io/docs/instrumenting/exposition_formats/). */
export interface Series {
  readonly text: string
  /** Without what the library measures of the process itself. */
  readonly ours: string
  /** Of ours, with their labels. */
  readonly names: readonly string[]
  /** Of exactly this series, `name{label="value"}`; undefined where there is none. */
  value(name: string): number | undefined
  described(prefix: string): readonly { readonly name: string; readonly labels: string; readonly kind: string; readonly help: string }[]
}

export async function scrape(address: string): Promise<Series> {
  const answer = await fetch(address)
  const text = await answer.text()
  if (answer.status !== 200) throw new Error(`${answer.status}: ${text}`)
  const values = new Map([...text.matchAll(/^([a-z]\S*(?:\{.*\})?) (\S+)$/gm)].map(([, name = '', value]) => [name, Number(value)]))
  const ours = text.slice(text.indexOf('# HELP gantry_'))
  return {
    text,
    ours,
    names: [...values.keys()].filter((name) => name.startsWith('gantry_')).toSorted(),
    value: (name) => values.get(name),
    described: (prefix) => describedIn(text).filter(({ name }) => name.startsWith(prefix)),
  }
}

function describedIn(text: string) {
  return [...text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\S+)\n(\S*)/gm)]
    .map(([, name = '', help = '', kind = '', first = '']) => {
      const labels = [...first.matchAll(/[{,](\w+)="/g)].map(([, label = '']) => label).filter((label) => label !== 'le')
      return { name, labels: labels.join(', '), kind, help }
    })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
}
