import type { Hono } from "hono";
import { choice, integer, list, type MembersOf, optional, text } from "../rules/mod.ts";
import { isAccountName, makeToken, PERMISSIONS, ServiceError, type StoredToken } from "../service/mod.ts";
import { boundsOf, NAME, requireName } from "./admin_routes.ts";
import { admitAdministrator } from "./admission.ts";
import type { AppContext } from "./app_context.ts";
import type { AppEnv } from "./app_env.ts";
import type { TokenRequest, TokenSummary } from "./app_schema.ts";
import { audited } from "./audited.ts";
import { nextOf, pageOf } from "./pages.ts";
import { readJson } from "./read_body.ts";
import { readMembers } from "./read_members.ts";
import { RequestError } from "./request_error.ts";

/** How long a token may be valid, in seconds: a minute to ten years. */
const MIN_EXPIRY_S = 60;
const MAX_EXPIRY_S = 315_360_000;

/** The permissions of a token for one account. */
const OF_ACCOUNTS: readonly string[] = PERMISSIONS.filter((permission) => permission !== "admin");

const REQUEST: MembersOf<TokenRequest> = {
  account: optional(NAME),
  permissions: list(choice(PERMISSIONS)),
  label: optional(text("word", { empty: true, max: 100 })),
  expiresInS: optional(integer("seconds", { min: MIN_EXPIRY_S, max: MAX_EXPIRY_S })),
};

/** Adds the routes of tokens, for administrators. */
export function tokenRoutes(app: Hono<AppEnv>, context: AppContext): void {
  const admin = admitAdministrator(context);
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
    const json = await readJson(c.req.raw, boundsOf(context));
    const request = readMembers(REQUEST, json, { action: "issue token" });
    const permissions = permissionsOf(request);
    const { account, label = "", expiresInS } = request;
    const { token, id, hash } = await makeToken(host.random);
    const createdAtMs = host.clock.nowMs();
    const expiresAtMs = expiresInS === undefined ? undefined : createdAtMs + 1_000 * expiresInS;
    const stored = { id, hash, account, permissions, label, createdAtMs, expiresAtMs };
    await audited(c.var, context, { action: "token.issue", account, subject: id }, () =>
      registry.addToken(stored),
    );
    host.logger.log("info", "http: issued a token", { id, permissions: permissions.join(" ") });
    return c.json({ ...summaryOf(stored), token }, 201);
  });
  app.delete("/v1/tokens/:id", admin, async (c) => {
    const id = c.req.param("id");
    // What has another form may be a whole token.
    if (!/^[0-9a-f]{16}$/.test(id)) throw absent();
    await audited(c.var, context, { action: "token.revoke", subject: id }, async () => {
      if (!(await registry.revokeToken(id))) throw absent();
    });
    return c.body(null, 204);
  });
}

function absent(): ServiceError {
  return new ServiceError("not-found", "revoke token: no such token");
}

/** @throws {RequestError} When the request is for none, or for one that its scope cannot have. */
function permissionsOf({ account, permissions: asked }: TokenRequest): TokenRequest["permissions"] {
  if (account !== undefined) requireName(account, "issue token", "#/account");
  if (asked.length === 0 || asked.length > PERMISSIONS.length)
    throw refused(`permissions are not 1 to ${PERMISSIONS.length}`, PERMISSIONS);
  const permissions = PERMISSIONS.filter((permission) => asked.includes(permission));
  if (account !== undefined && permissions.includes("admin"))
    throw refused("an admin token cannot be limited to an account", OF_ACCOUNTS);
  return permissions;
}

function refused(message: string, allowed: readonly string[]): RequestError {
  return new RequestError("invalid", `issue token: ${message}`, {
    violations: [{ in: "body", pointer: "#/permissions", rule: "enum", allowed }],
  });
}

function summaryOf({ hash: _, account, ...others }: StoredToken): TokenSummary {
  return { ...others, account: account ?? null };
}
