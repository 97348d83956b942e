import { accountOfSegment } from "../http/mod.ts";
import { type AccountOperation, type Admission, OPERATION_NAMES } from "../service/mod.ts";
import { callName } from "./object_call.ts";

/** The account that a call is for. */
export interface CallAddress {
  readonly account: string;
  readonly registeredAtMs: number;
  /** The limits that hold for the account. A Worker of an earlier release sends none. */
  readonly limits?: Admission["limits"];
}

/** A call of the service to an account's object. */
export interface AccountCall {
  readonly operation: AccountOperation;
  readonly address: CallAddress;
}

const ACCOUNT = "x-holdfast-account";
const REGISTERED_AT = "x-holdfast-registered-at";
const LIMITS = "x-holdfast-limits";

/** Returns the headers that carry an address. */
export function addressHeaders({
  account,
  registeredAtMs,
  limits = {},
}: CallAddress): Readonly<Record<string, string>> {
  return {
    // A header cannot contain characters beyond Latin-1.
    [ACCOUNT]: encodeURIComponent(account),
    [REGISTERED_AT]: String(registeredAtMs),
    [LIMITS]: JSON.stringify(limits),
  };
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
  const limits = JSON.parse(request.headers.get(LIMITS) ?? "{}");
  return { operation, address: { account, registeredAtMs, limits } };
}
