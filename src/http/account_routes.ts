import type { Hono, MiddlewareHandler } from "hono";
import type { Permission } from "../service/mod.ts";
import { accountOfSegment, isAdmin, mayUse, RequestError } from "../service/mod.ts";
import { bodyOf } from "./answer_body.ts";
import type { AppContext } from "./app_context.ts";
import type { AppEnv } from "./app_env.ts";
import { authenticate } from "./authenticate.ts";
import { parseCommands } from "./device_commands.ts";
import { readBody, readJson } from "./read_body.ts";

const PROTOBUF = "application/protobuf";

/** Where the name of an account is in `/v1/accounts/:account/…`. */
const ACCOUNT_SEGMENT = 3;

/** Routes to one account. */
export function accountRoutes(app: Hono<AppEnv>, context: AppContext): void {
  const { callBytes, jsonBytes } = context.limits;
  const admit = admission(context, "account");
  app.get("/v1/accounts/:account/device", admit, async (c) => {
    const device = await c.get("account").device();
    if (device === undefined) throw new RequestError("not-found", "read device: the account has none yet");
    return c.json(device);
  });
  app.post("/v1/accounts/:account/device/commands", admit, async (c) => {
    const commands = parseCommands(await readJson(c.req.raw, jsonBytes));
    return c.json(await c.get("account").command(commands));
  });
  app.post("/v1/accounts/:account/flush", admit, async (c) => c.json(await c.get("account").flush()));
  app.get("/v1/accounts/:account/stats", admit, async (c) => c.json(await c.get("account").stats()));
  app.get("/v1/accounts/:account/snapshot", admit, async (c) => {
    const redacted = c.req.query("redacted") ?? "true";
    if (redacted !== "true" && redacted !== "false") {
      throw new RequestError("invalid", "take snapshot: redacted is neither true nor false");
    }
    const unredacted = redacted === "false";
    if (unredacted && !mayUse(c.get("principal"), c.get("accountName"), "unredacted")) {
      throw new RequestError("forbidden", "take snapshot: the token does not allow it unredacted");
    }
    const snapshot = await c.get("account").snapshot({ unredacted });
    c.header("content-disposition", 'attachment; filename="holdfast-snapshot.json"');
    return c.json(snapshot);
  });
  app.post("/v1/accounts/:account/backend", admit, async (c) => {
    const body = await readBody(c.req.raw, { contentType: PROTOBUF, maxBytes: callBytes });
    const scope = { account: isAdmin(c.get("principal")) ? undefined : c.get("accountName") };
    const answer = await c.get("account").answer(body, scope);
    return new Response(bodyOf(answer) as BodyInit, { headers: { "content-type": PROTOBUF } });
  });
}

/** Lets through who may do something with the account of the path, and finds it, unless it is being deleted. */
function admission(context: AppContext, permission: Permission): MiddlewareHandler<AppEnv> {
  const find = anyAdmission(context, permission);
  return (c, next) =>
    find(c, async () => {
      if (c.get("accountState") === "deleting")
        throw new RequestError("conflict", "find account: it is being deleted");
      await next();
    });
}

/** As `admission`, also to an account that is being deleted. */
export function anyAdmission(
  { accounts, rootHash }: AppContext,
  permission: Permission,
): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const segment = new URL(c.req.url).pathname.split("/")[ACCOUNT_SEGMENT] ?? "";
    const name = accountOfSegment(segment);
    const { registry } = accounts;
    const header = c.req.header("authorization") ?? null;
    const { principal, account, registeredAtMs } = await authenticate(header, name, { registry, rootHash });
    if (name === undefined) throw new RequestError("not-found", "find account: there is no such name");
    if (!mayUse(principal, name, permission)) {
      throw new RequestError("forbidden", "find account: the token is not for this");
    }
    if (account === "absent" || registeredAtMs === undefined)
      throw new RequestError("not-found", "find account: there is none");
    c.set("principal", principal);
    c.set("accountState", account);
    c.set("accountName", name);
    c.set("registeredAtMs", registeredAtMs);
    c.set("account", accounts.account(name, registeredAtMs));
    await next();
  };
}
