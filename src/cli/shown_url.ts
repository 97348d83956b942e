/** A database URL without parts that may be secret. */
export function shownUrl(url: string): string {
  return url.replace(/\?.*$/, "").replace(/\/\/[^@/]*@/, "//");
}
