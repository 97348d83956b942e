import { isSealed } from "../bytes/mod.ts";
import { SealedError } from "../errors/mod.ts";
import type { BackendCore, OwnerState } from "./backend.ts";
import type { Device } from "./device_store.ts";
import type { MessageSegment, ProtocolReads } from "./protocol_store.ts";

/** Name of the log that marks a sealed account. No other rows have it. */
export const SEALING_LOG = "holdfast.sealing";

/**
 * Names the key-check row of a sealed account: a segment without payload, which says by which keys the
 * account is sealed. A sealed backend does not show it.
 */
export const KEY_CHECK: Pick<MessageSegment, "log" | "seq"> = { log: SEALING_LOG, seq: 0 };

/** Seals the stored values of backends: `sealing` of the subpath `sealing` makes it. */
export interface Sealing {
  /** The core of one opening, whose values are sealed. It owns the core: closing it closes the core. */
  sealed(core: BackendCore, opening: SealedOpening): BackendCore;
}

/** What an adapter says of an opening that is sealed. */
export interface SealedOpening {
  /** Name of the account. */
  readonly account: string;
  /** Removes what deleted and replaced rows have left in the database. Without it, nothing is removed. */
  readonly scrub?: (() => Promise<void>) | undefined;
}

/**
 * Looks whether an account that is opened without keys is sealed. Reads one row and changes nothing.
 *
 * @throws {SealedError} When it is.
 */
export async function requirePlain(
  backend: Pick<ProtocolReads, "getMessageSegment">,
  action = "open account",
): Promise<void> {
  if ((await backend.getMessageSegment(KEY_CHECK.log, KEY_CHECK.seq)) === undefined) return;
  throw sealedWithoutKeys(action);
}

/**
 * Refuses an account whose values the backend cannot read, as far as its owner and its device tell.
 *
 * @throws {SealedError}
 */
export function refuseSealed(
  action: string,
  { owner, device }: { readonly owner?: OwnerState | undefined; readonly device?: Device | undefined },
): void {
  if (owner?.sealed === true) throw sealedWithoutKeys(action);
  if (device !== undefined && isSealed(device.identityKey.privateKey)) throw sealedWithoutKeys(action);
}

/** The error of an account that is opened without its keys. */
export function sealedWithoutKeys(action: string): SealedError {
  return new SealedError(`${action}: the account is sealed, and the backend has no keys`);
}
