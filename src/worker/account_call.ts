import { accountOfSegment } from "../service/mod.ts";
import { callName } from "./object_call.ts";

/** What can be asked of an account's object. */
const OPERATIONS = ["answer", "command", "destroy", "device", "flush", "snapshot", "stats"] as const;

/** What can be asked of an account's object. */
export type Operation = (typeof OPERATIONS)[number];

/** Which account a call is for. */
export interface CallAddress {
  readonly account: string;
  readonly registeredAtMs: number;
}

const ACCOUNT = "x-holdfast-account";
const REGISTERED_AT = "x-holdfast-registered-at";
/** Set where a caller may see its own account and no other. */
const SCOPED = "x-holdfast-scoped";
/** Set on an answer that comes in pieces. */
const STREAMED = "x-holdfast-streamed";

/** The headers of a call. */
export function addressHeaders({ account, registeredAtMs }: CallAddress): Readonly<Record<string, string>> {
  // A header takes no other characters.
  return { [ACCOUNT]: encodeURIComponent(account), [REGISTERED_AT]: String(registeredAtMs) };
}

/** The header of a caller who may see its own account alone. */
export const SCOPED_HEADERS: Readonly<Record<string, string>> = { [SCOPED]: "1" };

/** The header of an answer that comes in pieces. */
export const STREAMED_HEADERS: Readonly<Record<string, string>> = { [STREAMED]: "1" };

/** Whether an answer comes in pieces. */
export function isStreamed(response: Response): boolean {
  return response.headers.get(STREAMED) !== null;
}

/** Whether the caller may see its own account alone. */
export function isScoped(request: Request): boolean {
  return request.headers.get(SCOPED) !== null;
}

/** What a request to an account's object asks. `undefined` when it is no call of the service. */
export function accountCallOf(
  request: Request,
): { readonly operation: Operation; readonly address: CallAddress } | undefined {
  const name = callName(request);
  const operation = OPERATIONS.find((known) => known === name);
  if (operation === undefined) return undefined;
  const account = accountOfSegment(request.headers.get(ACCOUNT) ?? "");
  const registeredAtMs = Number(request.headers.get(REGISTERED_AT));
  if (account === undefined || !Number.isSafeInteger(registeredAtMs)) return undefined;
  return { operation, address: { account, registeredAtMs } };
}
