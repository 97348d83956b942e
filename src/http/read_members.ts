import { checkOf, type MembersOf, type Rule } from "../rules/mod.ts";
import { fromObject, type Members } from "./json_value.ts";
import { RequestError } from "./request_error.ts";
import { type Violation, violationsOf } from "./violation.ts";

/** What is read, for the refusal. */
export interface ReadPlace {
  /** Begins the message. */
  readonly action: string;
  /** Defaults to the body. */
  readonly place?: Violation["in"];
  /** JSON Pointer of the object. Defaults to `#`, the whole. */
  readonly pointer?: string;
}

/**
 * Reads an object of JSON with these members and no other. Bytes are base64. `null` is refused; commands map
 * it to `undefined` before.
 *
 * @throws {RequestError} `invalid`. Names members of `rules`, and contains nothing of `value`.
 */
export function readMembers<T extends object>(
  rules: MembersOf<T>,
  value: unknown,
  { action, place = "body", pointer = "#" }: ReadPlace,
): T {
  const members = rules as unknown as Members;
  const refuse = (message: string): RequestError =>
    new RequestError("invalid", `${action}: ${message}`, {
      violations: violationsOf({ type: "object", members }, value, pointer, place),
    });
  const read = fromObject(members, value);
  if (read === undefined) throw refuse("the body is malformed");
  for (const [name, rule] of Object.entries<Rule>(members)) {
    try {
      checkOf(rule, name)(read[name]);
    } catch (cause) {
      throw refuse((cause as Error).message);
    }
  }
  return read as T;
}
