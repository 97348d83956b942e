import type { Context } from "hono";
import { CALL_TYPE } from "../protocol/mod.ts";
import { choice, type MembersOf, optional } from "../rules/mod.ts";
import { mayUse, type OperationInputs, ServiceError } from "../service/mod.ts";
import type { AppLimits } from "./app_context.ts";
import type { AppEnv } from "./app_env.ts";
import { parseCommands } from "./device_commands.ts";
import { type BodyBounds, readBody, readJson } from "./read_body.ts";
import { readMembers } from "./read_members.ts";

/** How the arguments of an operation are read from a request. */
export interface InputReader<Kind extends keyof OperationInputs = keyof OperationInputs> {
  /** The limit of its body. No body is read without it. */
  readonly limit?: keyof AppLimits;
  /**
   * @param onItems Counts the decoded items of a call.
   * @throws {RequestError | ServiceError | LimitError} When the request is malformed, or the caller may not
   *   ask for this.
   */
  read(
    c: Context<AppEnv>,
    bounds: BodyBounds,
    onItems: ((count: number) => void) | undefined,
  ): OperationInputs[Kind] | Promise<OperationInputs[Kind]>;
}

const SNAPSHOT_QUERY: MembersOf<{ readonly redacted?: "true" | "false" | undefined }> = {
  redacted: optional(choice(["true", "false"])),
};

/** The reader of each kind of arguments. */
export const INPUT_READERS: { readonly [Kind in keyof OperationInputs]: InputReader<Kind> } = {
  nothing: { read: () => [] },
  commands: {
    limit: "jsonBytes",
    read: async (c, bounds) => [parseCommands(await readJson(c.req.raw, bounds))],
  },
  redaction: { read: (c) => [{ unredacted: isUnredacted(c) }] },
  call: {
    limit: "callBytes",
    async read(c, bounds, onItems) {
      const body = await readBody(c.req.raw, { ...bounds, contentType: CALL_TYPE });
      const principal = c.get("principal");
      const mayErase = mayUse(principal, c.get("accountName"), "erase");
      return [body, { account: principal.account, mayErase, maxBytes: bounds.maxBytes, onItems }];
    },
  },
};

/**
 * Whether a snapshot with private keys is asked for. @throws {ServiceError} When the caller may not see them.
 */
function isUnredacted(c: Context<AppEnv>): boolean {
  const query = { redacted: c.req.query("redacted") };
  const { redacted = "true" } = readMembers(SNAPSHOT_QUERY, query, {
    action: "take snapshot",
    place: "query",
  });
  if (redacted === "true") return false;
  if (!mayUse(c.get("principal"), c.get("accountName"), "unredacted"))
    throw new ServiceError("forbidden", "take snapshot: the token does not allow unredacted snapshots");
  return true;
}
