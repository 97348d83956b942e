/** The routes of a service, as the cases use them. */
import { CALL_TYPE } from "../../../src/protocol/mod.ts";
import { bodyOf } from "./calls.ts";
import { pathOf, type Sent } from "./client.ts";

/** A route, with a request to it that is valid for an account with a device. */
export interface TestedRoute {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** The pattern that the application registers. */
  readonly pattern: string;
  /** The callers that it admits. */
  readonly admits: "anybody" | "account" | "account or admin" | "admin" | "erase or admin";
  path(account: string): string;
  sent(account: string): Sent;
}

const NONE = (): Sent => ({});

function plain(
  method: TestedRoute["method"],
  pattern: string,
  admits: TestedRoute["admits"],
  sent: TestedRoute["sent"] = NONE,
): TestedRoute {
  const prefix = "/v1/accounts/:account";
  const path = (account: string): string =>
    pattern.startsWith(prefix)
      ? pathOf(account, pattern.slice(prefix.length))
      : pattern.replace(":id", "0".repeat(16));
  return { method, pattern, admits, path, sent };
}

/** Deletion is last, because the others need the account. */
export const ROUTES: readonly TestedRoute[] = [
  plain("GET", "/v1/health", "anybody"),
  plain("GET", "/v1/ready", "anybody"),
  plain("GET", "/v1", "anybody"),
  plain("GET", "/v1/accounts", "admin"),
  plain("POST", "/v1/accounts", "admin", (name) => ({ json: { name } })),
  plain("GET", "/v1/accounts/:account/limits", "admin"),
  plain("PUT", "/v1/accounts/:account/limits", "admin", () => ({ json: { maxBytes: 1_000_000_000 } })),
  plain("GET", "/v1/audit", "admin"),
  plain("GET", "/v1/tokens", "admin"),
  plain("POST", "/v1/tokens", "admin", (account) => ({ json: { account, permissions: ["account"] } })),
  plain("DELETE", "/v1/tokens/:id", "admin"),
  plain("GET", "/v1/accounts/:account/device", "account"),
  plain("POST", "/v1/accounts/:account/device/commands", "account", () => ({
    json: { commands: [{ kind: "setPushName", pushName: "somebody" }] },
  })),
  plain("POST", "/v1/accounts/:account/flush", "account"),
  plain("GET", "/v1/accounts/:account/stats", "account or admin"),
  plain("GET", "/v1/accounts/:account/snapshot", "account"),
  plain("POST", "/v1/accounts/:account/backend", "account", () => ({
    headers: { "content-type": CALL_TYPE },
    body: bodyOf({ kind: "read", method: "exists", args: [] }),
  })),
  plain("DELETE", "/v1/accounts/:account", "erase or admin"),
];

/** The routes to one account, for a token of that account. */
export const ACCOUNT_ROUTES: readonly TestedRoute[] = ROUTES.filter(({ admits }) =>
  admits.startsWith("account"),
);

/** The routes that need a token. */
export const GUARDED_ROUTES: readonly TestedRoute[] = ROUTES.filter(({ admits }) => admits !== "anybody");
