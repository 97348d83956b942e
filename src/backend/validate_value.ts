import { ArgumentTypeError } from "../errors/mod.ts";
import { checkOf, passes, text } from "../rules/mod.ts";
import { asideIdOf } from "./set_aside.ts";

const TEXT = text("word");
const checkText = checkOf(TEXT, "text");
const checkName = checkOf(TEXT, "open account: name");

/**
 * Whether a value is a text that a store accepts as a key: well-formed Unicode without NUL, 1 to 1,024 code
 * units.
 */
export function isText(value: unknown): value is string {
  return passes(checkText, value);
}

/**
 * Checks the name of an account, which must be a valid text key. Every function that opens a backend must
 * call it. @throws {TypeError}
 */
export function requireAccountName(name: unknown): asserts name is string {
  checkName(name);
  if (asideIdOf(name as string) === undefined) return;
  throw new ArgumentTypeError("open account: the name is one of accounts that are set aside");
}
