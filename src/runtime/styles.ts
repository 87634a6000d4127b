/** Of the pages, in this order: what is for narrow screens changes what stands before it. */
export const STYLES = ['frame.css', 'parts.css', 'deployment.css', 'repository.css', 'accounts.css', 'narrow.css'] as const
