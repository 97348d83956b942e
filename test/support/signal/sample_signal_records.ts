import {
  SenderKeyRecord,
  SenderKeyState,
  SessionChain,
  SessionRecord,
  SessionState,
} from "../../../src/ratchet/mod.ts";

function publicKey(name: number): Uint8Array {
  return new Uint8Array(33).fill(name).fill(5, 0, 1);
}

/** A stored session that can send, told from others by its name. */
export function sessionRecordBytes(name: number): Uint8Array {
  const state = new SessionState();
  state.remoteIdentityPublic = publicKey(1);
  state.rootKey = new Uint8Array(32).fill(name);
  state.aliceBaseKey = publicKey(name);
  state.senderChain = SessionChain.create({
    ratchetKey: publicKey(name + 1),
    ratchetKeyPrivate: new Uint8Array(32),
    chainKey: new Uint8Array(32).fill(name),
  });
  const record = new SessionRecord();
  record.startSession(state);
  return record.encode();
}

/** A stored sender key of another user. */
export function senderKeyRecordBytes(name: number): Uint8Array {
  const record = new SenderKeyRecord();
  const seed = new Uint8Array(32).fill(name);
  record.putState(SenderKeyState.create({ keyId: name, seed, signingPublic: publicKey(name) }));
  return record.encode();
}

/** A stored sender key of our own, with the counter of its next message. */
export function ownSenderKeyRecordBytes(name: number, iteration: number): Uint8Array {
  const record = new SenderKeyRecord();
  const seed = new Uint8Array(32).fill(name);
  const signing = { signingPublic: publicKey(name), signingPrivate: new Uint8Array(32).fill(name) };
  record.putState(SenderKeyState.create({ keyId: name, iteration, seed, ...signing }));
  return record.encode();
}
