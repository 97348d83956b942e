import type { Permission, StoredToken } from "./registry.ts";

/** An authenticated caller. */
export interface Principal {
  /** The id of the token, or `root` for the host's own admin token. */
  readonly id: string;
  /** The account that the token is for, or `undefined` for all of them. */
  readonly account: string | undefined;
  readonly permissions: readonly Permission[];
}

/**
 * The holder of the host's own admin token. It cannot read private keys, which needs a token with
 * `unredacted`.
 */
export const ROOT: Principal = { id: "root", account: undefined, permissions: ["admin"] };

/** Returns the holder of a stored token. */
export function principalOf({ id, account, permissions }: StoredToken): Principal {
  return { id, account, permissions };
}

/**
 * Whether a caller may use an account. An administrator may use all of them, except for operations that need
 * `unredacted`.
 */
export function mayUse(principal: Principal, account: string, permission: Permission): boolean {
  const { permissions } = principal;
  if (principal.account !== undefined && principal.account !== account) return false;
  if (permissions.includes(permission)) return true;
  return permission === "account" && isAdmin(principal);
}

/** Whether a caller administers the service. A token for one account never does. */
export function isAdmin({ account, permissions }: Principal): boolean {
  return account === undefined && permissions.includes("admin");
}
