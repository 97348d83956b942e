/** Realistic session records for measurements. */

import { SessionChain, SessionRecord, SessionState } from "../../src/ratchet/mod.ts";
import { SeededRandom } from "../../src/testing/mod.ts";

const random = new SeededRandom(3);

function publicKey(): Uint8Array {
  const key = random.bytes(33);
  key[0] = 5;
  return key;
}

function chain(messageKeys: number): SessionChain {
  const fresh = SessionChain.create({
    ratchetKey: publicKey(),
    ratchetKeyPrivate: random.bytes(32),
    chainKey: random.bytes(32),
    index: 17,
  });
  const keys = Array.from({ length: messageKeys }, (_, index) => ({
    index,
    cipherKey: random.bytes(32),
    macKey: random.bytes(32),
    iv: random.bytes(16),
    seed: random.bytes(32),
  }));
  return fresh.withMessageKeys(keys);
}

/** A session of about 1.4 kB: five receiving chains, four skipped messages. */
function session(): SessionState {
  const state = new SessionState();
  state.sessionVersion = 3;
  state.localIdentityPublic = publicKey();
  state.remoteIdentityPublic = publicKey();
  state.rootKey = random.bytes(32);
  state.previousCounter = 4;
  state.senderChain = chain(0);
  for (let i = 0; i < 5; i++) state.putReceiverChain(chain(i === 4 ? 4 : 0));
  state.remoteRegistrationId = 123_456;
  state.localRegistrationId = 654_321;
  state.aliceBaseKey = publicKey();
  return state;
}

/** A record without any encoded part, so that encoding cannot copy bytes. */
export function freshRecord(archived = 0): SessionRecord {
  const record = new SessionRecord();
  for (let i = 0; i < archived; i++) record.startSession(session());
  record.startSession(session());
  return record;
}

/** Burns the key of the record's next message, as sending it does. */
export function advance(record: SessionRecord): void {
  const sending = record.sendingChain;
  if (sending !== undefined) record.fastForward(sending.id, sending.next + 1);
}

/** Moves the record to a new sending chain, as a message of the peer does. */
export function step({ current }: SessionRecord, message: number): void {
  if (current === undefined) throw new Error("step session: there is none");
  const ratchetKey = publicKey();
  new DataView(ratchetKey.buffer).setUint32(1, message);
  const keys = { ratchetKey, ratchetKeyPrivate: random.bytes(32), chainKey: random.bytes(32) };
  current.senderChain = SessionChain.create({ ...keys, index: 0 });
}
