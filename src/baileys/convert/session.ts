import { KEY_BYTES, KEY_TYPE, PUBLIC_KEY_BYTES, prefixedKey } from "../../bytes/mod.ts";
import { MAX_ARCHIVED_SESSIONS } from "../../ratchet/mod.ts";
import { decodeSessionRecord, encodeSessionRecord, type SessionStructure } from "../../records/mod.ts";
import { parsedJson, requireObject } from "./_bytes.ts";
import {
  type NodeRecordJson,
  type NodeSession,
  OPEN,
  readNodeRecord,
  writeNodeRecord,
} from "./node_session.ts";
import { readStructure, type StructurePlace, writeStructure } from "./session_structure.ts";

/** What a standard session says about our own side and libsignal-node keeps elsewhere. */
export interface LocalIdentity {
  /** Our identity key, 32 bytes or 33 with its prefix. */
  readonly localIdentityPublic: Uint8Array;
  readonly localRegistrationId: number;
}

/**
 * Converts a session record of libsignal-node, as `SessionRecord.serialize()` returns it, to the standard
 * `RecordStructure`.
 *
 * The open session becomes the current one, closed ones the archive, newest first. What has no standard field
 * travels in private ones, so that `recordToSession` gives the same back. Two things are cut, because
 * libsignal-node lets them grow without bound: of the receiving chains that are closed and have no message
 * key left, the newest 512 of a session are kept (they hold no key; they only tell a repeated message from a
 * foreign one); of the skipped message keys of a chain, the newest 2,000, as the standard has it.
 *
 * @param value The object, or its JSON as text or bytes.
 * @throws {CorruptError | WrongLengthError} When it is not such a record.
 * @throws {RangeError} When the local identity is out of range.
 */
export function sessionToRecord(value: unknown, local: LocalIdentity): Uint8Array {
  const identity = requireLocalIdentity(local);
  const { current, closed } = placesOf(
    readNodeRecord(parsedJson("convert session", value)),
    (session) => session.closed,
  );
  const archived = closed.map((entry) =>
    writeStructure(entry.session, { ...entry, ...identity, archived: true }),
  );
  return encodeSessionRecord({
    currentSession: current && writeStructure(current.session, { ...current, ...identity, archived: false }),
    previousSessions: archived.slice(0, MAX_ARCHIVED_SESSIONS),
    moreSessions: archived.slice(MAX_ARCHIVED_SESSIONS),
  });
}

/**
 * Converts a standard `RecordStructure` to a session record of libsignal-node, for
 * `SessionRecord.deserialize()`.
 *
 * A record that another client wrote, or changed, becomes one that works: its current session is open and is
 * tried first, archived ones are closed and tried after it, newest first. A current session that cannot send
 * (its sending chain is gone) reads as closed, so that a new one is made: libsignal-node would throw on it
 * for ever. Skipped message keys of other clients cannot be used by libsignal-node, which wants the seeds
 * they came from; they are kept, and come back in `sessionToRecord`. Fields that no version of this converter
 * wrote are left behind, since libsignal-node would not return them; a counter reservation of another client
 * (field 100) is for its importer to honour before.
 *
 * @throws {CorruptError | WrongLengthError} When the bytes are no such record.
 */
export function recordToSession(bytes: Uint8Array): NodeRecordJson {
  const record = decodeSessionRecord(bytes);
  const placed: Placed[] = [];
  const newestClosed = (): number => placed[0]?.session.closed ?? 0;
  // From the oldest on: where the time of closing is not known it follows from the next older session's.
  for (const structure of [...record.previousSessions, ...record.moreSessions].reverse()) {
    place(placed, structure, { kind: "archived", olderClosed: newestClosed() });
  }
  if (record.currentSession !== undefined) {
    const newestUsed = Math.max(0, ...placed.map(({ session }) => session.used ?? 0));
    place(placed, record.currentSession, { kind: "current", olderClosed: newestClosed(), newestUsed });
  }
  // Sessions of other clients have no position. They come first, in the standard's order.
  placed.sort((a, b) => a.position - b.position);
  return writeNodeRecord(placed.map(({ session }) => session));
}

/**
 * A session record of libsignal-node in the one form that `recordToSession` gives, the caller's own.
 *
 * @param value The object, or its JSON as text or bytes.
 * @throws {CorruptError | WrongLengthError} When it is not such a record.
 */
export function toNodeRecord(value: unknown): NodeRecordJson {
  const action = "convert session";
  const record = requireObject(action, "the record", parsedJson(action, value));
  // libsignal-node reads what has none as empty. Stored, it would delete what is there.
  requireObject(action, "_sessions", record._sessions);
  return writeNodeRecord(readNodeRecord(record));
}

/** A session and its place among those of its record. */
export interface PlacedSession<S> {
  readonly session: S;
  readonly position: number;
}

/** Which session of a record is the current one in the standard, and the others, newest first. */
export function placesOf<S>(
  sessions: readonly S[],
  closedOf: (session: S) => number | undefined,
): { readonly current: PlacedSession<S> | undefined; readonly closed: readonly PlacedSession<S>[] } {
  const placed = sessions.map((session, position) => ({ session, position }));
  const current = placed.find(({ session }) => closedOf(session) === OPEN);
  const closed = placed
    .filter((entry) => entry !== current)
    .sort((a, b) => (closedOf(b.session) ?? 0) - (closedOf(a.session) ?? 0) || b.position - a.position);
  return { current, closed };
}

type Placed = PlacedSession<NodeSession>;

function place(placed: Placed[], structure: SessionStructure, where: StructurePlace): void {
  const session = readStructure(structure, where);
  if (session !== undefined) placed.unshift({ session, position: structure.node?.position ?? -1 });
}

/** The identity with its prefix. @throws {RangeError} When it is out of range. */
export function requireLocalIdentity(local: LocalIdentity): LocalIdentity {
  const action = "convert session";
  const { localIdentityPublic: key, localRegistrationId: id } = local;
  const isPrefixed = key.length === PUBLIC_KEY_BYTES && key[0] === KEY_TYPE;
  if (!isPrefixed && key.length !== KEY_BYTES)
    throw new RangeError(`${action}: the local identity is no public key`);
  if (!Number.isInteger(id) || id < 0 || id > 0xffff_ffff) {
    throw new RangeError(`${action}: the local registration id is out of range`);
  }
  return { localIdentityPublic: isPrefixed ? key : prefixedKey(key), localRegistrationId: id };
}
