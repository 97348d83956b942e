import type { Admission } from "../../service/mod.ts";
import { bytes, count, things } from "./report.ts";

/** The limits of an account in words: `95.4 MiB`, `200,000 rows`, `600 requests a minute`. */
export function limitWords({ maxBytes, maxRows, requestsPerMinute }: Admission["limits"] = {}): string[] {
  const words: string[] = [];
  if (maxBytes !== undefined) words.push(bytes(maxBytes));
  if (maxRows !== undefined) words.push(things(maxRows, "row"));
  if (requestsPerMinute !== undefined) words.push(`${things(requestsPerMinute, "request")} a minute`);
  return words;
}

/** What is used of a limit of what is stored, in words. */
export function usedWords(
  used: number | undefined,
  allowed: number,
  words: (amount: number) => string,
): string {
  if (used === undefined) return words(allowed);
  const share = allowed === 0 ? "" : `, ${count(Math.round((100 * used) / allowed))} %`;
  return `${words(used)} of ${words(allowed)}${share}`;
}
