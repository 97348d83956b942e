import type { Hono, MiddlewareHandler } from "hono";
import { isText } from "../backend/mod.ts";
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
import type { TokenRequest, TokenSummary } from "./app_schema.ts";
import { type Form, form, members, optional, readForm } from "./form.ts";
import { readJson } from "./read_body.ts";
import { RequestError } from "./request_error.ts";

/** Default and maximum number of entries of a page. */
const PAGE = 100;
const MAX_PAGE = 1_000;

const MAX_LABEL = 100;

const name: Form<string> = form(isAccountName);

const accountRequest = members<{ readonly name: string }>({ name });

const tokenRequest = members<TokenRequest>({
  account: optional(name),
  permissions: form(isListOfPermissions),
  label: optional(form((value) => isTextOrNone(value) && value.length <= MAX_LABEL)),
});

const pageRequest = members<{ readonly after: string | undefined; readonly limit: string | undefined }>({
  after: optional(form(isTextOrNone)),
  limit: optional(form(isLimit)),
});

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
    const body = parse(accountRequest, await readJson(c.req.raw, context.limits.jsonBytes), "create account");
    const before = await registry.addAccount(body.name);
    if (before === "deleting")
      throw new ServiceError("conflict", "create account: the account is being deleted");
    return c.json({ name: body.name, created: before === "absent" }, before === "absent" ? 201 : 200);
  });
}

function tokens(app: Hono<AppEnv>, context: AppContext, admin: MiddlewareHandler<AppEnv>): void {
  const { accounts, host, limits } = context;
  const { registry } = accounts;
  app.get("/v1/tokens", admin, async (c) => {
    const { account, ...query } = c.req.query();
    const page = pageOf(query);
    if (account !== undefined && !isAccountName(account)) return c.json({ tokens: [] });
    const listed = await registry.listTokens(account, page);
    return c.json({ tokens: listed.map(summaryOf), ...nextOf(page, listed.at(-1)?.id, listed.length) });
  });
  app.post("/v1/tokens", admin, async (c) => {
    const body = parse(tokenRequest, await readJson(c.req.raw, limits.jsonBytes), "issue token");
    const { account, label = "" } = body;
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

function parse<T>(inner: Form<T>, value: unknown, action: string): T {
  // The message names an expected member only. The name of an unknown member comes from the sender and is not
  // repeated.
  return readForm(inner, value, (member = "the body") => `${action}: ${member} is malformed`);
}

/** Whether a database can store a text and compare it byte by byte. */
function isTextOrNone(value: unknown): value is string {
  return value === "" || isText(value);
}

function isLimit(value: unknown): boolean {
  return (
    typeof value === "string" && /^[0-9]{1,4}$/.test(value) && Number(value) >= 1 && Number(value) <= MAX_PAGE
  );
}

function isListOfPermissions(value: unknown): boolean {
  if (!Array.isArray(value) || value.length === 0 || value.length > PERMISSIONS.length) return false;
  return value.every((permission) => PERMISSIONS.includes(permission));
}

function pageOf(query: Readonly<Record<string, string>>): Page {
  // Other parameters of the query are ignored.
  const { after, limit } = parse(pageRequest, { after: query.after, limit: query.limit }, "read list");
  return { after, limit: Number(limit ?? PAGE) };
}

function nextOf(page: Page, last: string | undefined, length: number): { next?: string } {
  return length < page.limit || last === undefined ? {} : { next: last };
}

function summaryOf({ id, account, permissions, label, createdAtMs }: StoredToken): TokenSummary {
  return { id, account: account ?? null, permissions, label, createdAtMs };
}
