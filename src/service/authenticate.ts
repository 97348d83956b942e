import { sameSecret } from "../bytes/mod.ts";
import { type Principal, principalOf, ROOT } from "./principal.ts";
import type { Admission, Registry } from "./registry.ts";
import { ServiceError } from "./service_error.ts";
import { hashToken, tokenId } from "./token.ts";

/** The caller, and the registry's answer about the account that the caller asks for. */
export interface Authenticated extends Omit<Admission, "token"> {
  readonly principal: Principal;
}

/** Options of `authenticate`. */
export interface AuthenticateOptions {
  readonly registry: Registry;
  /** Hash of the host's own admin token, if it has one. */
  readonly rootHash: Promise<Uint8Array> | undefined;
}

/**
 * Identifies a caller by its token, and looks up an account in the same round trip to the registry.
 *
 * @param account The name of the account in the request, if there is one.
 * @throws {ServiceError} `unauthorized`, when there is no token, or it is not known or has expired. The error
 *   does not say which.
 */
export async function authenticate(
  token: string | undefined,
  account: string | undefined,
  { registry, rootHash }: AuthenticateOptions,
): Promise<Authenticated> {
  if (token === undefined) throw unauthorized();
  const hash = await hashToken(token);
  const isRoot = rootHash !== undefined && sameSecret(hash, await rootHash);
  const id = tokenId(token);
  if (!isRoot && id === undefined) throw unauthorized();
  const { token: stored, ...admission } = await registry.admit(isRoot ? undefined : id, account, hash);
  if (isRoot) return { principal: ROOT, ...admission };
  if (stored === undefined || !sameSecret(hash, stored.hash)) throw unauthorized();
  return { principal: principalOf(stored), ...admission };
}

function unauthorized(): ServiceError {
  return new ServiceError("unauthorized", "authenticate: no valid token");
}
