import { joinBytes } from "../../bytes/mod.ts";
import { MAX_ARCHIVED_SESSIONS } from "../../ratchet/mod.ts";
import { encodeSessionRecord } from "../../records/mod.ts";
import { type NodeRecordJson, type NodeSessionJson, readNodeSession } from "./node_session.ts";
import {
  type LocalIdentity,
  type PlacedSession,
  placesOf,
  requireLocalIdentity,
  sessionToRecord,
} from "./session.ts";
import { writeStructure } from "./session_structure.ts";

/** A closed session as it was encoded last. */
interface EncodedSession {
  readonly session: NodeSessionJson;
  /** The place is part of what is stored. */
  readonly position: number;
  /** Tag, length and message, as they stand in the record. */
  readonly bytes: Uint8Array;
}

/**
 * Converts one peer's record again and again, as `sessionToRecord` does, byte by byte. A closed session that
 * has not changed since the last time is not converted: with forty of them, one message would cost forty
 * conversions.
 *
 * Sessions are compared as JSON, since libsignal-node makes new objects each time; that is a small part of
 * converting them. What is kept is one encoding of each closed session, and the JSON that it came from.
 */
export class SessionEncoder {
  #known = new Map<string, EncodedSession>();
  #local: LocalIdentity | undefined;

  /**
   * Encodes the record, which is taken over: it must not be changed afterwards.
   *
   * @throws {CorruptError | WrongLengthError} When it is no record of libsignal-node.
   * @throws {RangeError} When the local identity is out of range.
   */
  encode(record: NodeRecordJson, local: LocalIdentity): Uint8Array {
    const names = Object.keys(record._sessions);
    const sessions = names.map((name) => ({ name, json: record._sessions[name] as NodeSessionJson }));
    const { current, closed } = placesOf(sessions, ({ json }) => json.indexInfo?.closed ?? undefined);
    if (closed.length > MAX_ARCHIVED_SESSIONS) return sessionToRecord(record, local);
    if (!isSameIdentity(this.#local, local)) this.#known.clear();
    this.#local = local;
    const identity = requireLocalIdentity(local);
    const known = new Map<string, EncodedSession>();
    for (const { session, position } of closed) {
      const { name, json } = session;
      const before = this.#known.get(name);
      const isSame = before?.position === position && isSameJson(before.session, json);
      known.set(
        name,
        isSame ? before : { session: json, position, bytes: encodeClosed(name, json, position, identity) },
      );
    }
    this.#known = known;
    // With the open one there are at least two pieces, or there is nothing kept that could be returned
    // itself.
    const open = current === undefined ? new Uint8Array(0) : encodeCurrent(current, identity);
    return joinBytes([open, ...[...known.values()].map(({ bytes }) => bytes)]);
  }
}

function encodeCurrent(
  { session, position }: PlacedSession<{ readonly name: string; readonly json: NodeSessionJson }>,
  identity: LocalIdentity,
): Uint8Array {
  const read = readNodeSession(session.name, session.json);
  const currentSession = writeStructure(read, { position, archived: false, ...identity });
  return encodeSessionRecord({ currentSession, previousSessions: [], moreSessions: [] });
}

function encodeClosed(
  name: string,
  json: NodeSessionJson,
  position: number,
  identity: LocalIdentity,
): Uint8Array {
  const structure = writeStructure(readNodeSession(name, json), { position, archived: true, ...identity });
  return encodeSessionRecord({ previousSessions: [structure], moreSessions: [] });
}

function isSameIdentity(a: LocalIdentity | undefined, b: LocalIdentity): boolean {
  return (
    a !== undefined &&
    a.localRegistrationId === b.localRegistrationId &&
    (a.localIdentityPublic === b.localIdentityPublic || isSameJson(a, b))
  );
}

/** Whether two values of JSON, or bytes, are equal, their members in one order. */
function isSameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  const names = Object.keys(a);
  const others = Object.keys(b);
  if (names.length !== others.length) return false;
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string;
    if (name !== others[i]) return false;
    if (!isSameJson((a as Record<string, unknown>)[name], (b as Record<string, unknown>)[name])) return false;
  }
  return true;
}
