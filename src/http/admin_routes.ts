import type { Hono } from "hono";
import { integer, type MembersOf, optional, text } from "../rules/mod.ts";
import { type Admission, isAccountName, ServiceError } from "../service/mod.ts";
import { admitAdministrator, admitToAccount } from "./admission.ts";
import type { AppContext } from "./app_context.ts";
import type { AppEnv } from "./app_env.ts";
import { audited } from "./audited.ts";
import { nextOf, pageOf } from "./pages.ts";
import { readJson } from "./read_body.ts";
import { readMembers } from "./read_members.ts";
import { RequestError } from "./request_error.ts";

/** The name of an account in a request. */
export const NAME: ReturnType<typeof text> = text("word");

/** What names of accounts are besides. */
const NAME_PATTERN = "^(?!\\.{1,2}$)";

/** The number of an action. */
const ACTION_ID = text("id", { pattern: /^\d{1,15}$/ });

const ACCOUNT_REQUEST: MembersOf<{ readonly name: string }> = { name: NAME };

const AMOUNT = optional(integer("limit"));

/** The limits of an account. */
export const ACCOUNT_LIMITS: MembersOf<NonNullable<Admission["limits"]>> = {
  maxBytes: AMOUNT,
  maxRows: AMOUNT,
  requestsPerMinute: optional(integer("limit", { min: 1 })),
};

/** Adds the routes of administrators, besides those of tokens: accounts, and the audit list. */
export function adminRoutes(app: Hono<AppEnv>, context: AppContext): void {
  const admin = admitAdministrator(context);
  const { registry } = context.accounts;
  app.get("/v1/accounts", admin, async (c) => {
    const page = pageOf(c.req.query());
    const accounts = (await registry.listAccounts(page)).map((account) => {
      const limits = { ...context.accountLimits, ...account.limits };
      return Object.keys(limits).length === 0 ? account : { ...account, limits };
    });
    return c.json({ accounts, ...nextOf(page, accounts.at(-1)?.name, accounts.length) });
  });
  app.post("/v1/accounts", admin, async (c) => {
    const json = await readJson(c.req.raw, boundsOf(context));
    const { name } = readMembers(ACCOUNT_REQUEST, json, { action: "create account" });
    requireName(name, "create account", "#/name");
    const before = await audited(c.var, context, { action: "account.create", account: name }, async () => {
      const state = await registry.addAccount(name);
      if (state === "deleting")
        throw new ServiceError("conflict", "create account: the account is being deleted");
      return state;
    });
    return c.json({ name, created: before === "absent" }, before === "absent" ? 201 : 200);
  });
  const toLimits = admitToAccount(context, { permission: "admin", effect: "change" });
  app.get("/v1/accounts/:account/limits", toLimits, (c) => c.json(c.get("limits")));
  app.put("/v1/accounts/:account/limits", toLimits, async (c) => {
    const json = await readJson(c.req.raw, boundsOf(context));
    const limits = readLimits(json, "#");
    const account = c.get("accountName");
    const action = { action: "account.limits", account, subject: JSON.stringify(limits) };
    await audited(c.var, context, action, () =>
      registry.limitAccount(account, c.get("registeredAtMs"), limits),
    );
    return c.json({ ...context.accountLimits, ...limits });
  });
  app.get("/v1/audit", admin, async (c) => {
    const page = pageOf(c.req.query(), ACTION_ID);
    const actions = await registry.listActions(page);
    return c.json({ actions, ...nextOf(page, actions.at(-1)?.id.toString(), actions.length) });
  });
}

/** Reads the limits of an account. @throws {RequestError} When they are none. */
export function readLimits(value: unknown, pointer: string): NonNullable<Admission["limits"]> {
  return readMembers(ACCOUNT_LIMITS, value, { action: "limit account", pointer });
}

/** The bounds of a body of JSON. */
export function boundsOf({ host, limits }: AppContext): Parameters<typeof readJson>[1] {
  return { maxBytes: limits.jsonBytes, host };
}

/** `.` and `..` are no segments of a path. @throws {RequestError} When no account can have the name. */
export function requireName(name: string, action: string, pointer: string): void {
  if (isAccountName(name)) return;
  throw new RequestError("invalid", `${action}: no account can have this name`, {
    violations: [{ in: "body", pointer, rule: "pattern", allowed: NAME_PATTERN }],
  });
}
