import { sameSecret } from "../bytes/mod.ts";
import type { Admission, Registry } from "../service/mod.ts";
import { hashToken, type Principal, principalOf, RequestError, ROOT, tokenId } from "../service/mod.ts";

/** Longest `Authorization` header that is looked at. */
const MAX_HEADER_LENGTH = 512;

/** Who asks, and what is known of the account that they ask about. */
export interface Admitted {
  readonly principal: Principal;
  readonly account: Admission["account"];
  readonly registeredAtMs: Admission["registeredAtMs"];
}

/**
 * Finds out who asks, in one look at the registry.
 *
 * @param rootHash Hash of the host's own admin token, if it has one.
 * @throws {RequestError} When there is no token, or it is not known. The answer does not tell which.
 */
export async function authenticate(
  header: string | null,
  account: string | undefined,
  { registry, rootHash }: { readonly registry: Registry; readonly rootHash: Promise<Uint8Array> | undefined },
): Promise<Admitted> {
  const token = bearerOf(header);
  if (token === undefined) throw unauthorized();
  const hash = await hashToken(token);
  const isRoot = rootHash !== undefined && sameSecret(hash, await rootHash);
  const id = tokenId(token);
  if (!isRoot && id === undefined) throw unauthorized();
  const admission = await registry.admit(isRoot ? undefined : id, account);
  const { account: state, registeredAtMs } = admission;
  if (isRoot) return { principal: ROOT, account: state, registeredAtMs };
  const stored = admission.token;
  if (stored === undefined || !sameSecret(hash, stored.hash)) throw unauthorized();
  return { principal: principalOf(stored), account: state, registeredAtMs };
}

function bearerOf(header: string | null): string | undefined {
  if (header === null || header.length > MAX_HEADER_LENGTH) return undefined;
  return /^Bearer ([\x21-\x7e]+)$/i.exec(header)?.[1];
}

function unauthorized(): RequestError {
  return new RequestError("unauthorized", "authenticate: no valid token");
}
