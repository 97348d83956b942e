/** A database URL without anything that could be a secret. */
export function shownUrl(url: string): string {
  return url.replace(/\?.*$/, "").replace(/\/\/[^@/]*@/, "//");
}
