import type { DatabaseSnapshot, RedactedDevice } from "../backend/mod.ts";

/** What a debug snapshot holds: counts, sizes and times, never keys, tokens, records or payloads. */
export interface DebugSnapshot {
  readonly name: string;
  /** Clock time in milliseconds. */
  readonly takenAtMs: number;
  readonly device: RedactedDevice;
  readonly database: DatabaseSnapshot;
  /** The bytes that the caller gave, as they were: what is in them is the caller's business. */
  readonly extra: Uint8Array | undefined;
}

/**
 * Keeps a snapshot: writes a file, uploads, attaches it to a report. The snapshot and its bytes belong to it.
 */
export type SnapshotSink = (snapshot: DebugSnapshot) => void | Promise<void>;
