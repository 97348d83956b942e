import type { NodeRecordJson } from "./convert/mod.ts";

/**
 * Removes the effects of failed trials from a record with which libsignal-node has decrypted a message.
 *
 * libsignal-node tries one session after the other, the last used first. A session that cannot decrypt the
 * message may have stepped to a new chain, unknown to the peer, and is stored together with the one that
 * could: its next messages would be lost. One late message on an archived session is enough.
 *
 * @param json The record that libsignal-node stores. The result shares parts of it.
 * @param before The record that it loaded. Likewise.
 */
export function withoutFailedTrials(
  json: NodeRecordJson,
  before: NodeRecordJson | undefined,
): NodeRecordJson {
  if (before === undefined) return json;
  const names = Object.keys(json._sessions);
  const readers = names.filter(
    (name) => json._sessions[name]?.indexInfo.used !== before._sessions[name]?.indexInfo.used,
  );
  const [reader] = readers;
  // Two messages in one millisecond: the session is unknown.
  if (reader === undefined || readers.length > 1) return json;
  const sessions = names.map((name) => {
    const untouched = name === reader ? undefined : before._sessions[name];
    return [name, untouched ?? json._sessions[name]] as const;
  });
  return { ...json, _sessions: Object.fromEntries(sessions) as NodeRecordJson["_sessions"] };
}
