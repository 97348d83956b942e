import { tryParseJid } from "../addresses/mod.ts";
import type { Backend, Device } from "../backend/mod.ts";
import { CorruptError, WrongLengthError } from "../errors/mod.ts";
import type { Pacer } from "../ports/mod.ts";
import type { Tell } from "./finding.ts";

/** The reads of an account that is checked. */
export type VerifiedReads = Pick<
  Backend,
  | "getDevicesFor"
  | "getLidMappings"
  | "listQuarantined"
  | "listRows"
  | "load"
  | "loadIdentities"
  | "loadPreKeys"
  | "loadSenderKeyRows"
  | "loadSessionRows"
  | "loadSignedPreKey"
  | "getVersion"
  | "readOwner"
>;

/** What the checks of all tables share. */
export interface Checking {
  readonly reads: VerifiedReads;
  readonly tell: Tell;
  /** Asked between two rows; `undefined` where nothing else waits for the thread. */
  readonly pacer: Pacer | undefined;
  /** The stored device; `undefined` when there is none, or it cannot be read. */
  readonly device: Device | undefined;
  /** Our users: of the phone number and of the LID. */
  readonly ownUsers: ReadonlySet<string>;
  /** Groups in which we have a sender key of our own. */
  readonly ownGroups: Set<string>;
  /** Groups with marks. */
  readonly markedGroups: Map<string, number>;
  /** Collections with a state, and its version. */
  readonly versions: Map<string, bigint>;
}

/** Runs a decoder. @returns What it made, or the reason why it cannot. */
export function decoded<T>(decode: () => T): { readonly value: T } | { readonly reason: string } {
  try {
    return { value: decode() };
  } catch (error) {
    if (!isDamage(error)) throw error;
    return { reason: reasonOf(error) };
  }
}

/** Whether an error says that stored bytes are damaged. */
export function isDamage(error: unknown): error is CorruptError | WrongLengthError {
  return error instanceof CorruptError || error instanceof WrongLengthError;
}

/** The state of a message of the form `action: state`. */
export function reasonOf(error: Error): string {
  return error.message.replace(/^[^:]*: /, "");
}

/** The users of our own device. */
export function ownUsersOf(device: Device | undefined): ReadonlySet<string> {
  return new Set([userOf(device?.pn), userOf(device?.lid)].filter((user) => user !== undefined));
}

/** The user of a JID; `undefined` when there is none. */
export function userOf(jid: string | undefined): string | undefined {
  return jid === undefined ? undefined : tryParseJid(jid)?.user;
}

/** What to do about a damage that nothing but a backup mends. */
export const RESTORE = "Restore a backup, see docs/guide/damaged_file.md.";
