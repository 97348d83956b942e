import {
  type Device,
  readRestoreEpoch,
  type SignalRecordStore,
  type Write,
  withRestoreEpoch,
} from "../backend/mod.ts";
import { CorruptError, RefusedError, WrongLengthError } from "../errors/mod.ts";
import type { Random } from "../ports/mod.ts";
import { type LiveRecordCodec, liveSenderKeyCodec, liveSessionCodec } from "../ratchet/mod.ts";
import { MAX_RESTORE_EPOCH, newIncarnation } from "../signal/mod.ts";

/**
 * Messages that a stock client may have sent on a chain since it last wrote the record: its files lag behind
 * what it sends, and say nothing of it.
 */
export const UNSTORED_MESSAGES = 100;

/** Which raises a copy includes: of no database. */
const NO_DATABASE = "0 copy";

/** A record with a sending chain, as a write stores it. */
type RecordPut = Extract<Write, { readonly kind: "session.put" | "senderKey.put" }>;

/** What became of a chain. `idle`: the record has none of ours. */
export type ChainOutcome = "leased" | "ahead" | "idle" | "unreadable";

/** Whether a write stores a record that may send. */
export function isRecordPut(write: Write): write is RecordPut {
  return write.kind === "session.put" || write.kind === "senderKey.put";
}

/**
 * The device of a copy whose original may go on: its first opening is in a restore epoch that no row of the
 * original has, and gives up every chain.
 *
 * @throws {RefusedError} When no greater restore epoch is left.
 */
export function burnedDevice(device: Device): Device {
  const epoch = readRestoreEpoch(device);
  if (epoch.own + epoch.raised >= MAX_RESTORE_EPOCH)
    throw new RefusedError("import account: its restore epoch cannot be raised any more");
  const raised = epoch.raised + 1;
  return withRestoreEpoch(device, { own: epoch.own, raised, seen: NO_DATABASE, isNew: true });
}

/** Whether a record has a sending chain of ours. `undefined` when it does not decode. */
export function sends(write: RecordPut): boolean | undefined {
  try {
    return nextCounterOf(write) !== undefined;
  } catch (error) {
    if (isDamage(error)) return undefined;
    throw error;
  }
}

/**
 * The write with which a chain goes on where its original has stopped: at the bound of its lease, or where it
 * has none, `UNSTORED_MESSAGES` ahead.
 *
 * @param device The device that was read so far. Rows of an earlier restore epoch are given up in any case.
 */
export function continued(
  write: RecordPut,
  device: Device | undefined,
  random: Random,
): { readonly write: RecordPut; readonly outcome: ChainOutcome } {
  if (write.lease !== undefined) return { write, outcome: "leased" };
  let next: number | undefined;
  try {
    next = nextCounterOf(write);
  } catch (error) {
    if (!isDamage(error)) throw error;
    // The opening quarantines it.
    return { write, outcome: "unreadable" };
  }
  if (next === undefined) return { write, outcome: "idle" };
  const { own, raised } = device === undefined ? { own: 0, raised: 0 } : readRestoreEpoch(device);
  const incarnation = newIncarnation(random, { restoreEpoch: own + raised, ownerEpoch: 0 });
  const lease = { reservedUntil: next + UNSTORED_MESSAGES, incarnation, burned: 0 };
  return { write: { ...write, lease }, outcome: "ahead" };
}

function nextCounterOf(write: RecordPut): number | undefined {
  const store: SignalRecordStore = write.kind === "session.put" ? "session" : "senderKey";
  return store === "session" ? nextOf(liveSessionCodec, write) : nextOf(liveSenderKeyCodec, write);
}

function nextOf<T>(codec: LiveRecordCodec<T>, { record }: RecordPut): number | undefined {
  return codec.sendingChain(codec.decode(record))?.next;
}

function isDamage(error: unknown): boolean {
  return error instanceof CorruptError || error instanceof WrongLengthError;
}
