import { describe, expect, test } from "vitest";
import { encodeBase64, sameBytes } from "../../bytes/mod.ts";
import { CorruptError, WrongLengthError } from "../../errors/mod.ts";
import { SeededRandom } from "../../testing/mod.ts";
import type { NodeChainJson, NodeRecordJson, NodeSessionJson } from "./node_session.ts";
import { sessionToRecord } from "./session.ts";
import { MAX_SPENT_CHAINS } from "./session_chain.ts";
import { SessionEncoder } from "./session_encoder.ts";

const LOCAL = { localIdentityPublic: new Uint8Array(33).fill(5), localRegistrationId: 77 };
const random = new SeededRandom(1);
const key = (length: number): string => encodeBase64(random.bytes(length));
const BASE_KEY = key(33);

type Chains = readonly (readonly [name: string, chain: NodeChainJson])[];

function spent(counter: number): Chains[number] {
  return [key(33), { chainKey: { counter }, chainType: 2, messageKeys: {} }];
}

function receiving(counter: number): Chains[number] {
  return [key(33), { chainKey: { counter, key: key(32) }, chainType: 2, messageKeys: { 1: key(32) } }];
}

const OWN: Chains[number] = [
  key(33),
  { chainKey: { counter: 3, key: key(32) }, chainType: 1, messageKeys: {} },
];

function recordOf(chains: Chains, lastRemote = ""): NodeRecordJson {
  const session: NodeSessionJson = {
    registrationId: 1,
    currentRatchet: {
      ephemeralKeyPair: { pubKey: OWN[0], privKey: key(32) },
      lastRemoteEphemeralKey: lastRemote,
      previousCounter: 0,
      rootKey: key(32),
    },
    indexInfo: {
      baseKey: BASE_KEY,
      baseKeyType: 1,
      closed: -1,
      used: 1,
      created: 1,
      remoteIdentityKey: key(33),
    },
    // The library makes new objects for each record.
    _chains: structuredClone(Object.fromEntries([...chains, OWN])),
  };
  return { _sessions: { [BASE_KEY]: session }, version: "v1" };
}

function expectSame(encoder: SessionEncoder, record: NodeRecordJson): void {
  expect(sameBytes(encoder.encode(record, LOCAL), sessionToRecord(record, LOCAL))).toBe(true);
}

describe("SessionEncoder with spent chains", () => {
  test("encodes a growing session as the converter does", () => {
    const encoder = new SessionEncoder();
    const chains: Chains[number][] = [];
    for (let step = 0; step < MAX_SPENT_CHAINS + 40; step++) {
      chains.push(step % 7 === 0 ? receiving(step) : spent(step));
      if (step % 5 === 0 || step > MAX_SPENT_CHAINS)
        expectSame(encoder, recordOf(chains, chains.at(-1)?.[0]));
    }
  });

  test("encodes any order of states", () => {
    const encoder = new SessionEncoder();
    let chains: Chains[number][] = Array.from({ length: 20 }, (_, at) => spent(at));
    for (let step = 0; step < 300; step++) {
      const at = random.below(chains.length + 1);
      const act = random.below(8);
      if (act < 4) chains = [...chains, spent(step)];
      else if (act === 4) chains = chains.slice(random.below(4));
      else if (act === 5) chains = chains.toSpliced(at, 1);
      else if (act === 6) chains = chains.toSpliced(at, 0, receiving(step));
      else if (at < chains.length) {
        const [name] = chains[at] as Chains[number];
        chains = chains.with(at, [name, spent(step)[1]]);
      }
      expectSame(encoder, recordOf(chains, chains[random.below(chains.length || 1)]?.[0]));
    }
  });

  test("refuses a malformed spent chain, and goes on afterwards", () => {
    const encoder = new SessionEncoder();
    const good = Array.from({ length: 12 }, (_, at) => spent(at));
    expectSame(encoder, recordOf(good));
    const empty = { chainKey: { counter: 0 }, chainType: 2, messageKeys: {} };
    const bad = (entry: Chains[number]) => encoder.encode(recordOf([entry, ...good]), LOCAL);
    expect(() => bad([key(32), empty])).toThrow(WrongLengthError);
    expect(() => bad(["?", empty])).toThrow(CorruptError);
    expect(() => bad([key(33), { ...empty, chainKey: { counter: -2 } }])).toThrow(CorruptError);
    expectSame(encoder, recordOf(good.slice(2)));
    expectSame(encoder, recordOf([...good.slice(2), spent(9)]));
  });
});
