import { isText } from "../backend/mod.ts";

/**
 * Whether a value can be the name of an account: text that every store accepts as a key, except `.` and `..`,
 * which no URL can carry.
 */
export function isAccountName(name: unknown): name is string {
  return isText(name) && name !== "." && name !== "..";
}
