import type { Context } from "hono";
import { CALL_TYPE } from "../protocol/mod.ts";
import { mayUse, type OperationInputs, ServiceError } from "../service/mod.ts";
import type { AppLimits } from "./app_context.ts";
import type { AppEnv } from "./app_env.ts";
import { parseCommands } from "./device_commands.ts";
import { type Content, parameter, type Schema } from "./openapi_schemas.ts";
import { readBody, readJson } from "./read_body.ts";
import { RequestError } from "./request_error.ts";

/** How the arguments of an operation are read from a request, and how the OpenAPI document describes them. */
export interface InputReader<Kind extends keyof OperationInputs = keyof OperationInputs> {
  /**
   * @param onItems Counts the decoded items of a call.
   * @throws {RequestError | ServiceError} When the request is malformed, or the caller may not ask for this.
   */
  read(
    c: Context<AppEnv>,
    limits: AppLimits,
    onItems: ((count: number) => void) | undefined,
  ): OperationInputs[Kind] | Promise<OperationInputs[Kind]>;
  readonly query?: readonly Schema[];
  readonly body?: Content;
}

/** The reader of each kind of arguments. */
export const INPUT_READERS: { readonly [Kind in keyof OperationInputs]: InputReader<Kind> } = {
  nothing: { read: () => [] },
  commands: {
    read: async (c, { jsonBytes }) => [parseCommands(await readJson(c.req.raw, jsonBytes))],
    body: "CommandRequest",
  },
  redaction: {
    read: (c) => [{ unredacted: isUnredacted(c) }],
    query: [parameter("query", "redacted", { enum: ["true", "false"], default: "true" })],
  },
  call: {
    async read(c, { callBytes }, onItems) {
      const body = await readBody(c.req.raw, { contentType: CALL_TYPE, maxBytes: callBytes });
      const principal = c.get("principal");
      const mayErase = mayUse(principal, c.get("accountName"), "erase");
      return [body, { account: principal.account, mayErase, maxBytes: callBytes, onItems }];
    },
    body: CALL_TYPE,
  },
};

/**
 * Whether a snapshot with private keys is asked for. @throws {ServiceError} When the caller may not see them.
 */
function isUnredacted(c: Context<AppEnv>): boolean {
  const redacted = c.req.query("redacted") ?? "true";
  if (redacted !== "true" && redacted !== "false")
    throw new RequestError("invalid", "take snapshot: redacted is not a boolean");
  if (redacted === "true") return false;
  if (!mayUse(c.get("principal"), c.get("accountName"), "unredacted"))
    throw new ServiceError("forbidden", "take snapshot: the token does not allow unredacted snapshots");
  return true;
}
