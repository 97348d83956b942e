import type { Permission, StoredToken } from "./registry.ts";

/** Who asks. */
export interface Principal {
  /** The id of the token, or `root` for the host's own admin token. */
  readonly id: string;
  /** The account that the token is for; all of them when `undefined`. */
  readonly account: string | undefined;
  readonly permissions: readonly Permission[];
}

/** Who has the host's own admin token. Private keys it does not show: whoever wants them issues a token that says so. */
export const ROOT: Principal = { id: "root", account: undefined, permissions: ["admin"] };

/** Who has a token. */
export function principalOf({ id, account, permissions }: StoredToken): Principal {
  return { id, account, permissions };
}

/** Whether somebody may do something with an account: an administrator may with all, save what needs `unredacted`. */
export function mayUse(principal: Principal, account: string, permission: Permission): boolean {
  const { permissions } = principal;
  if (principal.account !== undefined && principal.account !== account) return false;
  if (permissions.includes(permission)) return true;
  return permission === "account" && isAdmin(principal);
}

/** Whether somebody administers the service. A token for one account never does. */
export function isAdmin({ account, permissions }: Principal): boolean {
  return account === undefined && permissions.includes("admin");
}
