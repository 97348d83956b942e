import { decodeBase64 } from "../bytes/mod.ts";
import { checkOf, type MembersOf, type Rule } from "../rules/mod.ts";
import { RequestError } from "./request_error.ts";

/** Longest value of a request, in bytes. Routing info and certificates have a few hundred. */
const MAX_BYTES = 65_536;

const MAX_BASE64 = 4 * Math.ceil(MAX_BYTES / 3);

type Members = Readonly<Record<string, Rule>>;

/**
 * Reads an object of JSON with these members and no other. Bytes are base64. `null` is refused; commands map
 * it to `undefined` before.
 *
 * @param action Begins the message.
 * @throws {RequestError} `invalid`. The message names a member of `rules` and contains nothing of `value`.
 */
export function readMembers<T extends object>(rules: MembersOf<T>, value: unknown, action: string): T {
  const members = rules as unknown as Members;
  const read = fromObject(members, value);
  if (read === undefined) throw new RequestError("invalid", `${action}: the body is malformed`);
  for (const [name, rule] of Object.entries(members)) {
    try {
      checkOf(rule, name)(read[name]);
    } catch (cause) {
      throw new RequestError("invalid", `${action}: ${(cause as Error).message}`);
    }
  }
  return read as T;
}

/** The members of an object, `undefined` when the value is no object or has others. */
function fromObject(members: Members, value: unknown): Record<string, unknown> | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const entries = Object.entries(value);
  if (entries.some(([name]) => !Object.hasOwn(members, name))) return undefined;
  return Object.fromEntries(entries.map(([name, part]) => [name, fromJson(members[name] as Rule, part)]));
}

/**
 * The value that a part of JSON stands for. What stands for none is returned as it is, which no rule takes.
 */
function fromJson(rule: Rule, value: unknown): unknown {
  switch (rule.type) {
    case "optional":
      return fromJson(rule.rule, value);
    case "bytes":
      return typeof value === "string" && value.length <= MAX_BASE64 ? (decodeBase64(value) ?? value) : value;
    case "object":
      return fromObject(rule.members, value) ?? null;
    default:
      return value;
  }
}
