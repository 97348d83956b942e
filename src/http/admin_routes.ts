import type { Hono, MiddlewareHandler } from "hono";
import { choice, list, type MembersOf, optional, text } from "../rules/mod.ts";
import {
  isAccountName,
  makeToken,
  type Page,
  PERMISSIONS,
  ServiceError,
  type StoredToken,
} from "../service/mod.ts";
import { admitAdministrator } from "./admission.ts";
import type { AppContext } from "./app_context.ts";
import type { AppEnv } from "./app_env.ts";
import type { PageQuery, TokenRequest, TokenSummary } from "./app_schema.ts";
import { readJson } from "./read_body.ts";
import { readMembers } from "./read_members.ts";
import { RequestError } from "./request_error.ts";

/** Default and maximum number of entries of a page. */
const PAGE = 100;
const MAX_PAGE = 1_000;

const NAME = text("word");

const ACCOUNT_REQUEST: MembersOf<{ readonly name: string }> = { name: NAME };

const TOKEN_REQUEST: MembersOf<TokenRequest> = {
  account: optional(NAME),
  permissions: list(choice(PERMISSIONS)),
  label: optional(text("word", { empty: true, max: 100 })),
};

const PAGE_REQUEST: MembersOf<PageQuery> = {
  after: optional(text("word", { empty: true })),
  limit: optional(text("limit", { pattern: /^[0-9]{1,4}$/ })),
};

/** Adds the routes of administrators: the list of accounts, and tokens. */
export function adminRoutes(app: Hono<AppEnv>, context: AppContext): void {
  const admin = admitAdministrator(context);
  accountList(app, context, admin);
  tokens(app, context, admin);
}

function accountList(app: Hono<AppEnv>, context: AppContext, admin: MiddlewareHandler<AppEnv>): void {
  const { registry } = context.accounts;
  app.get("/v1/accounts", admin, async (c) => {
    const page = pageOf(c.req.query());
    const accounts = await registry.listAccounts(page);
    return c.json({ accounts, ...nextOf(page, accounts.at(-1)?.name, accounts.length) });
  });
  app.post("/v1/accounts", admin, async (c) => {
    const json = await readJson(c.req.raw, boundsOf(context));
    const body = readMembers(ACCOUNT_REQUEST, json, "create account");
    requireName(body.name, "create account");
    const before = await registry.addAccount(body.name);
    if (before === "deleting")
      throw new ServiceError("conflict", "create account: the account is being deleted");
    return c.json({ name: body.name, created: before === "absent" }, before === "absent" ? 201 : 200);
  });
}

function tokens(app: Hono<AppEnv>, context: AppContext, admin: MiddlewareHandler<AppEnv>): void {
  const { accounts, host } = context;
  const { registry } = accounts;
  app.get("/v1/tokens", admin, async (c) => {
    const { account, ...query } = c.req.query();
    const page = pageOf(query);
    if (account !== undefined && !isAccountName(account)) return c.json({ tokens: [] });
    const listed = await registry.listTokens(account, page);
    return c.json({ tokens: listed.map(summaryOf), ...nextOf(page, listed.at(-1)?.id, listed.length) });
  });
  app.post("/v1/tokens", admin, async (c) => {
    const body = readMembers(TOKEN_REQUEST, await readJson(c.req.raw, boundsOf(context)), "issue token");
    const { account, label = "" } = body;
    if (account !== undefined) requireName(account, "issue token");
    if (body.permissions.length === 0 || body.permissions.length > PERMISSIONS.length)
      throw new RequestError("invalid", `issue token: permissions are not 1 to ${PERMISSIONS.length}`);
    const permissions = PERMISSIONS.filter((permission) => body.permissions.includes(permission));
    if (account !== undefined) {
      if (permissions.includes("admin"))
        throw new RequestError("invalid", "issue token: an admin token cannot be limited to an account");
      const { account: state } = await registry.admit(undefined, account);
      if (state !== "present") throw new ServiceError("not-found", "issue token: no such account");
    }
    const { token, id, hash } = await makeToken(host.random);
    const stored = { id, hash, account, permissions, label, createdAtMs: host.clock.nowMs() };
    await registry.addToken(stored);
    host.logger.log("info", "http: issued a token", { id, permissions: permissions.join(" ") });
    return c.json({ ...summaryOf(stored), token }, 201);
  });
  app.delete("/v1/tokens/:id", admin, async (c) => {
    const id = c.req.param("id");
    const isRevoked = /^[0-9a-f]{16}$/.test(id) && (await registry.revokeToken(id));
    if (!isRevoked) throw new ServiceError("not-found", "revoke token: no such token");
    return c.body(null, 204);
  });
}

function boundsOf({ host, limits }: AppContext): Parameters<typeof readJson>[1] {
  return { maxBytes: limits.jsonBytes, host };
}

function requireName(name: string, action: string): void {
  if (!isAccountName(name)) throw new RequestError("invalid", `${action}: no account can have this name`);
}

function pageOf(query: Readonly<Record<string, string>>): Page {
  // Other parameters of the query are ignored.
  const { after, limit } = readMembers(PAGE_REQUEST, { after: query.after, limit: query.limit }, "read list");
  const entries = Number(limit ?? PAGE);
  if (entries >= 1 && entries <= MAX_PAGE) return { after, limit: entries };
  throw new RequestError("invalid", `read list: limit is not 1 to ${MAX_PAGE}`);
}

function nextOf(page: Page, last: string | undefined, length: number): { next?: string } {
  return length < page.limit || last === undefined ? {} : { next: last };
}

function summaryOf({ id, account, permissions, label, createdAtMs }: StoredToken): TokenSummary {
  return { id, account: account ?? null, permissions, label, createdAtMs };
}
