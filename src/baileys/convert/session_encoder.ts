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
import { SpentChainSplitter } from "./spent_chains.ts";

/** The last encoding of a closed session. */
interface EncodedSession {
  readonly session: NodeSessionJson;
  /** Part of the stored form. */
  readonly position: number;
  /** Tag, length and message, as in the record. */
  readonly bytes: Uint8Array;
}

/**
 * Converts successive states of one peer's record to the same bytes as `sessionToRecord`. It converts a
 * closed session only after a change: with forty of them, one message would need forty conversions.
 *
 * It compares sessions as JSON, because libsignal-node creates new objects each time; comparing is much
 * faster than converting. It keeps one encoding of each closed session, and its JSON.
 */
export class SessionEncoder {
  #known = new Map<string, EncodedSession>();
  /** Of the open session. */
  readonly #spent = new SpentChainSplitter();
  #local: LocalIdentity | undefined;

  /**
   * Encodes the record, which must not be changed afterwards.
   *
   * @throws {CorruptError | WrongLengthError} When it is not a record of libsignal-node.
   * @throws {RangeError} When the local identity is invalid.
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
    // `joinBytes` copies here, unless there is no closed session: the cached bytes are never returned.
    const open = current === undefined ? new Uint8Array(0) : this.#encodeCurrent(current, identity);
    return joinBytes([open, ...[...known.values()].map(({ bytes }) => bytes)]);
  }

  #encodeCurrent(
    { session, position }: PlacedSession<{ readonly name: string; readonly json: NodeSessionJson }>,
    identity: LocalIdentity,
  ): Uint8Array {
    const { session: json, spent } = this.#spent.split(session.json);
    const read = readNodeSession(session.name, json);
    const currentSession = writeStructure(read, { position, archived: false, ...identity }, spent);
    return encodeSessionRecord({ currentSession, previousSessions: [], moreSessions: [] });
  }
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

/** Whether two JSON values, or bytes, are equal, including the order of their members. */
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
