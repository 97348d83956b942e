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

/** Our identity, which a standard session contains and libsignal-node stores elsewhere. */
export interface LocalIdentity {
  /** Our identity key, 32 bytes, or 33 with the prefix. */
  readonly localIdentityPublic: Uint8Array;
  readonly localRegistrationId: number;
}

/**
 * Converts a session record of libsignal-node (`SessionRecord.serialize()`) to the standard
 * `RecordStructure`.
 *
 * The open session becomes the current one, closed ones the archive, newest first. Private fields contain the
 * parts without a standard field, so that `recordToSession` returns the same record. Two lists that
 * libsignal-node does not limit are truncated: receiving chains that are closed and have no message key, to
 * the newest 512 of a session (they have no key and only distinguish a repeated message from a foreign one),
 * and skipped message keys, to the newest 2,000 of a chain, as in the standard.
 *
 * @param value The object, or its JSON as text or bytes.
 * @throws {CorruptError | WrongLengthError} When it is not such a record.
 * @throws {RangeError} When the local identity is invalid.
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
 * A record that another client wrote or changed becomes usable: its current session is open and tried first,
 * archived ones are closed and tried after it, newest first. A current session without a sending chain
 * becomes closed, so that a new one is created: libsignal-node would throw on it each time. libsignal-node
 * cannot use skipped message keys of other clients, because it needs their seeds; they are kept, and
 * `sessionToRecord` returns them. Fields that no version of this converter wrote are dropped, because
 * libsignal-node would not return them. An importer must apply a counter reservation of another client (field
 * 100) beforehand.
 *
 * @throws {CorruptError | WrongLengthError} When the bytes are not such a record.
 */
export function recordToSession(bytes: Uint8Array): NodeRecordJson {
  const record = decodeSessionRecord(bytes);
  const placed: Placed[] = [];
  const newestClosed = (): number => placed[0]?.session.closed ?? 0;
  // From the oldest on: an unknown time of closing is derived from the next older session.
  for (const structure of [...record.previousSessions, ...record.moreSessions].reverse()) {
    place(placed, structure, { kind: "archived", olderClosed: newestClosed() });
  }
  if (record.currentSession !== undefined) {
    const newestUsed = Math.max(0, ...placed.map(({ session }) => session.used ?? 0));
    place(placed, record.currentSession, { kind: "current", olderClosed: newestClosed(), newestUsed });
  }
  // Sessions of other clients have no position and come first, in the standard's order.
  placed.sort((a, b) => a.position - b.position);
  return writeNodeRecord(placed.map(({ session }) => session));
}

/**
 * Normalises a session record of libsignal-node to the form of `recordToSession`. The caller owns the result.
 *
 * @param value The object, or its JSON as text or bytes.
 * @throws {CorruptError | WrongLengthError} When it is not such a record.
 */
export function toNodeRecord(value: unknown): NodeRecordJson {
  const action = "convert session";
  const record = requireObject(action, "the record", parsedJson(action, value));
  // libsignal-node reads a record without `_sessions` as empty. Storing it would delete the present record.
  requireObject(action, "_sessions", record._sessions);
  return writeNodeRecord(readNodeRecord(record));
}

/** A session and its position in its record. */
export interface PlacedSession<S> {
  readonly session: S;
  readonly position: number;
}

/** The current session of a record in the standard form, and the others, newest first. */
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

/** The identity with its prefix. @throws {RangeError} When it is invalid. */
export function requireLocalIdentity(local: LocalIdentity): LocalIdentity {
  const action = "convert session";
  const { localIdentityPublic: key, localRegistrationId: id } = local;
  const isPrefixed = key.length === PUBLIC_KEY_BYTES && key[0] === KEY_TYPE;
  if (!isPrefixed && key.length !== KEY_BYTES)
    throw new RangeError(`${action}: the local identity is not a public key`);
  if (!Number.isInteger(id) || id < 0 || id > 0xffff_ffff) {
    throw new RangeError(`${action}: the local registration id is out of range`);
  }
  return { localIdentityPublic: isPrefixed ? key : prefixedKey(key), localRegistrationId: id };
}
