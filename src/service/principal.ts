import type { Permission, StoredToken } from "./registry.ts";

/** An authenticated caller. */
export interface Principal {
  /** The id of the token, or `root` for the host's own admin token. */
  readonly id: string;
  /** The account that the token is for, or `undefined` for all of them. */
  readonly account: string | undefined;
  /** What the caller may do. */
  readonly permissions: readonly Permission[];
}

/** The holder of the host's own admin token. It issues tokens for accounts, and uses none itself. */
export const ROOT: Principal = { id: "root", account: undefined, permissions: ["admin"] };

/** Returns the holder of a stored token. */
export function principalOf({ id, account, permissions }: StoredToken): Principal {
  return { id, account, permissions };
}

/** Whether a caller has a permission for an account. */
export function mayUse(principal: Principal, account: string, permission: Permission): boolean {
  return (principal.account ?? account) === account && principal.permissions.includes(permission);
}

/** Whether a caller administers the service. A token for one account never does. */
export function isAdmin({ account, permissions }: Principal): boolean {
  return account === undefined && permissions.includes("admin");
}
