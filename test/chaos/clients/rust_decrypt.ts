import { hexOf, joinBytes } from "../../../src/bytes/mod.ts";
import { SessionRecord, type SessionState } from "../../../src/ratchet/mod.ts";
import type { RustEngine, RustStorage } from "./rust_library.ts";
import { type Sealed, startOf } from "./wire.ts";

/**
 * Decrypts a pairwise message, handing the library one session at a time. Given them all, it steps the
 * ratchet of every session that it tries and keeps those that failed, too: a message of an archived session
 * would break the current one.
 *
 * @param storage Makes the library's storage around a session of its own.
 * @returns The text, and the record as it is then. What is given is left as it was.
 */
export async function decryptAlone(
  engine: RustEngine,
  storage: (session: SessionBox) => RustStorage,
  before: SessionRecord | undefined,
  message: Sealed,
): Promise<{ readonly text: string; readonly record: SessionRecord }> {
  const record = before?.copy() ?? new SessionRecord();
  const start = startOf(message);
  const tryOne = async (session: SessionState | undefined): Promise<{ text: string; bytes: Uint8Array }> => {
    const box: SessionBox = { session: session && alone(session).encode() };
    const text = await engine.decrypt(storage(box), message);
    return { text, bytes: box.session as Uint8Array };
  };
  if (start !== undefined) {
    const index = indexOf(record, start.base);
    const { text, bytes } = await tryOne(sessionAt(record, index));
    return { text, record: withSession(record, index, bytes) };
  }
  let failure: unknown = new Error("no session");
  for (let index = record.current === undefined ? 0 : CURRENT; index < record.archivedCount; index += 1) {
    try {
      const { text, bytes } = await tryOne(sessionAt(record, index));
      return { text, record: withSession(record, index, bytes) };
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/** The one session that the library sees, as a record. */
export interface SessionBox {
  session: Uint8Array | undefined;
}

/** Places of sessions: the archive counts from 0. */
const CURRENT = -1;
const NONE = -2;

function indexOf(record: SessionRecord, base: string): number {
  for (let index = CURRENT; index < record.archivedCount; index += 1) {
    const key = sessionAt(record, index)?.aliceBaseKey;
    if (key !== undefined && hexOf(key) === base) return index;
  }
  return NONE;
}

function sessionAt(record: SessionRecord, index: number): SessionState | undefined {
  if (index === NONE) return undefined;
  return index === CURRENT ? record.current : record.archived(index);
}

function alone(session: SessionState): SessionRecord {
  const record = new SessionRecord();
  record.startSession(session);
  return record;
}

/**
 * The record with a session that has read a message: the current one, one out of the archive, or a new one.
 */
function withSession(record: SessionRecord, index: number, bytes: Uint8Array): SessionRecord {
  const session = SessionRecord.decode(bytes).current as SessionState;
  if (index === NONE) record.startSession(session);
  else if (index !== CURRENT) record.promote(index, session);
  else return SessionRecord.decode(joinBytes([bytes, archiveOf(record)]));
  return record;
}

/** The stored form of all sessions but the current one. */
function archiveOf(record: SessionRecord): Uint8Array {
  const all = record.encode();
  const current = record.current === undefined ? 0 : alone(record.current).encode().length;
  return all.subarray(current);
}
