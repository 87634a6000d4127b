// Stands in the Worker's bundle for modules of which nothing is ever read: whatever is imported from it is undefined. The examples of the API and
// zod's JSON Schema are for /openapi.json alone, which is made when the Worker is built.
module.exports = {}
