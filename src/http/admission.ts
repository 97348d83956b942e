import type { Context, MiddlewareHandler } from "hono";
import { authenticate, isAdmin, mayUse, type OperationRow, ServiceError } from "../service/mod.ts";
import { accountOfSegment } from "./account_segment.ts";
import type { AppContext } from "./app_context.ts";
import type { AppEnv } from "./app_env.ts";

/** Index of the name of an account in the segments of `/v1/accounts/:account/…`. */
const ACCOUNT_SEGMENT = 3;

/** Longest `Authorization` header that is read, in characters. */
const MAX_HEADER_LENGTH = 512;

/**
 * Admits callers that may carry out an operation on the account of the path, and sets the variables of the
 * account.
 */
export function admitToAccount(
  context: AppContext,
  { permission, admin, effect }: Pick<OperationRow, "permission" | "admin" | "effect">,
): MiddlewareHandler<AppEnv> {
  const { accounts } = context;
  return async (c, next) => {
    const segment = new URL(c.req.url).pathname.split("/")[ACCOUNT_SEGMENT] ?? "";
    const name = accountOfSegment(segment);
    const { principal, account, registeredAtMs, limits: own } = await identify(c, context, name);
    if (name === undefined) throw new ServiceError("not-found", "find account: the name is not valid");
    if (!mayUse(principal, name, permission) && !(admin && isAdmin(principal)))
      throw new ServiceError(
        "forbidden",
        "find account: the token does not permit this operation on this account",
      );
    if (account === "absent" || registeredAtMs === undefined)
      throw new ServiceError("not-found", "find account: no such account");
    // The next deletion continues one that failed.
    if (account === "deleting" && effect !== "delete")
      throw new ServiceError("conflict", "find account: the account is being deleted");
    c.set("principal", principal);
    c.set("accountName", name);
    c.set("registeredAtMs", registeredAtMs);
    const limits = { ...context.accountLimits, ...own };
    c.set("limits", limits);
    c.set("account", accounts.account(name, registeredAtMs, limits));
    await next();
  };
}

/** Admits administrators. */
export function admitAdministrator(context: AppContext): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const { principal } = await identify(c, context, undefined);
    if (!isAdmin(principal))
      throw new ServiceError("forbidden", "administer: the token does not allow administration");
    c.set("principal", principal);
    await next();
  };
}

function identify(
  c: Context<AppEnv>,
  { accounts: { registry }, rootHash }: AppContext,
  account: string | undefined,
): ReturnType<typeof authenticate> {
  return authenticate(bearerOf(c.req.header("authorization")), account, { registry, rootHash });
}

/** Returns the token of an `Authorization: Bearer` header. */
export function bearerOf(header = ""): string | undefined {
  if (header.length > MAX_HEADER_LENGTH) return undefined;
  return /^Bearer ([\x21-\x7e]+)$/i.exec(header)?.[1];
}
