import type { MessageSegment, Write } from "../backend/mod.ts";
import { SEALING_LOG } from "../backend/mod.ts";
import { decodeUtf8, encodeUtf8 } from "../bytes/mod.ts";

/**
 * A sealed backend answers a read of this segment with the state of its rotation, and takes a commit that
 * deletes it for one step. So a rotation goes through every layer above the backend, under the guard of the
 * owner, in the order of all commits. Such a segment is never stored.
 */
const ROTATION: Pick<MessageSegment, "log" | "seq"> = { log: SEALING_LOG, seq: 1 };

/** How far a rotation is. */
export interface RotationStatus {
  /** Whether no step is left. */
  readonly isDone: boolean;
  /** Rows that were sealed since the account was opened. */
  readonly rows: number;
  /** Values and rows that cannot be read, and stay as they are. */
  readonly damaged: number;
}

/** Reads the state of the rotation through a store. `undefined` when its backend does not seal. */
export async function readRotation(store: {
  getMessageSegment(log: string, seq: number): Promise<MessageSegment | undefined>;
}): Promise<RotationStatus | undefined> {
  const segment = await store.getMessageSegment(ROTATION.log, ROTATION.seq);
  return segment && (JSON.parse(decodeUtf8(segment.head) ?? "") as RotationStatus);
}

/** The answer to a read of the state. */
export function rotationSegment(status: RotationStatus): MessageSegment {
  const head = encodeUtf8(JSON.stringify(status));
  return { ...ROTATION, expiresAt: 0, head, payload: new Uint8Array(0) };
}

/** The commit that makes one step. */
export function rotationStep(): readonly Write[] {
  return [{ kind: "messageSegment.delete", keys: [ROTATION] }];
}

/** Whether a commit is one of `rotationStep`. */
export function isRotationStep([write, ...others]: readonly Write[]): boolean {
  if (others.length > 0 || write?.kind !== "messageSegment.delete") return false;
  const [key] = write.keys;
  return write.keys.length === 1 && key?.log === ROTATION.log && key.seq === ROTATION.seq;
}
