/** Whether this is Cloudflare's workerd, and not Node. */
export const isWorkerd = navigator.userAgent === 'Cloudflare-Workers'
