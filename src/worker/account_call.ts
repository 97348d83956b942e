import { accountOfSegment } from "../http/mod.ts";
import { type AccountOperation, OPERATION_NAMES } from "../service/mod.ts";
import { callName } from "./object_call.ts";

/** The account that a call is for. */
export interface CallAddress {
  readonly account: string;
  readonly registeredAtMs: number;
}

/** A call of the service to an account's object. */
export interface AccountCall {
  readonly operation: AccountOperation;
  readonly address: CallAddress;
}

const ACCOUNT = "x-holdfast-account";
const REGISTERED_AT = "x-holdfast-registered-at";

/** Returns the headers that carry an address. */
export function addressHeaders({ account, registeredAtMs }: CallAddress): Readonly<Record<string, string>> {
  // A header cannot contain characters beyond Latin-1.
  return { [ACCOUNT]: encodeURIComponent(account), [REGISTERED_AT]: String(registeredAtMs) };
}

/**
 * Returns the call that a request to an account's object carries, or `undefined` if it is not a call of the
 * service.
 */
export function accountCallOf(request: Request): AccountCall | undefined {
  const name = callName(request);
  const operation = OPERATION_NAMES.find((known) => known === name);
  if (operation === undefined) return undefined;
  const account = accountOfSegment(request.headers.get(ACCOUNT) ?? "");
  const registeredAtMs = Number(request.headers.get(REGISTERED_AT));
  if (account === undefined || !Number.isSafeInteger(registeredAtMs)) return undefined;
  return { operation, address: { account, registeredAtMs } };
}
