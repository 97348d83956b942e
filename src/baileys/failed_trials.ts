import type { NodeRecordJson } from "./convert/mod.ts";

/**
 * A record after libsignal-node read a message with it, without what its failed trials did.
 *
 * It tries one session after the other, the last used first. A session that cannot read the message may have
 * moved to a new chain on the way, which the peer knows nothing of, and is stored with the one that could:
 * the next message on it would be lost, and the one after. Late mail on an archived session is enough.
 *
 * @param json What libsignal-node stores. It is shared by what is returned.
 * @param before What it had loaded. Likewise.
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
  // Two messages in one millisecond: nobody knows which session it was.
  if (reader === undefined || readers.length > 1) return json;
  const sessions = names.map((name) => {
    const untouched = name === reader ? undefined : before._sessions[name];
    return [name, untouched ?? json._sessions[name]] as const;
  });
  return { ...json, _sessions: Object.fromEntries(sessions) as NodeRecordJson["_sessions"] };
}
