/** What `navigator.userAgent` is in workerd. */
const WORKERD = "Cloudflare-Workers";

/** Whether this is workerd, where an isolate serves many objects, and a timer belongs to one request. */
export function isWorkerd(): boolean {
  const { navigator } = globalThis as { readonly navigator?: { readonly userAgent?: string } };
  return navigator?.userAgent === WORKERD;
}
