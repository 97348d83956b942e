/**
 * The script that makes stock Baileys repeat message keys: one side sends and receives on one session at the
 * same time. It runs over any pair of peers.
 * @module
 */

import { Curve, type SignalKeyStore } from "baileys";
import { memoryBackend } from "../../src/adapters/memory/mod.ts";
import { SeededRandom } from "../../src/testing/mod.ts";
import { memoryKeys, pairedCreds } from "../support/whatsapp/mod.ts";
import { openPeer } from "./holdfast_peer.ts";
import { type Frame, messageKeyName, SignalPeer } from "./signal_peer.ts";

const ANNA = "100000000000001:1@lid";
const BEN = "100000000000002:2@lid";

/** Outgoing messages of one run. */
export const SENDS = 300;

/** Failures of a run. */
export interface Findings {
  /** Outgoing messages. */
  readonly sends: number;
  /** Outgoing messages with a repeated (chain, counter) pair. */
  readonly repeated: number;
  /** Messages, of either direction, that their reader could not decrypt. */
  readonly undecryptable: number;
}

/** Runs the script over two accounts. */
export async function overAccounts(seed: number): Promise<Findings> {
  const [anna, ben] = [await openPeer(ANNA, memoryBackend()), await openPeer(BEN, memoryBackend())];
  const findings = await run(anna.peer, ben.peer, ben.peer.creds.firstUnuploadedPreKeyId, seed);
  await anna.account.close();
  await ben.account.close();
  return findings;
}

/** Runs the script over the stock library and keys in memory. */
export async function overStockLibrary(seed: number): Promise<Findings> {
  const peer = async (jid: string, pn: string): Promise<SignalPeer> => {
    const keys = memoryKeys();
    await keys.set({ "pre-key": { "1": Curve.generateKeyPair() } });
    return new SignalPeer({ jid, creds: pairedCreds({ pn }), keys: unhurried(keys, new SeededRandom(seed)) });
  };
  return await run(await peer(ANNA, "15550000001"), await peer(BEN, "15550000002"), 1, seed);
}

/** Creates a session that both peers have used, and runs the script. */
async function run(anna: SignalPeer, ben: SignalPeer, benPreKeyId: number, seed: number): Promise<Findings> {
  await anna.greet(ben, benPreKeyId);
  const greetings = [
    await ben.receive(anna, await anna.send(ben, "hello")),
    await anna.receive(ben, await ben.send(anna, "hi")),
  ];
  if (greetings.join() !== "hello,hi") throw new Error("the peers have no session");
  return await sendWhileReceiving(anna, ben, SENDS, new SeededRandom(seed));
}

/** Runs the script over an existing session. `anna` sends and receives at the same time. */
async function sendWhileReceiving(
  anna: SignalPeer,
  ben: SignalPeer,
  sends: number,
  random: SeededRandom,
): Promise<Findings> {
  const used = new Set<string>();
  let repeated = 0;
  let undecryptable = 0;
  let sent = 0;

  async function annaSends(text: string): Promise<Frame> {
    await turns(random);
    const frame = await anna.send(ben, text);
    const name = messageKeyName(frame);
    if (used.has(name)) repeated += 1;
    used.add(name);
    return frame;
  }

  async function read(reader: SignalPeer, author: SignalPeer, frame: Frame, text: string): Promise<void> {
    await turns(random);
    try {
      if ((await reader.receive(author, frame)) !== text) undecryptable += 1;
    } catch {
      undecryptable += 1;
    }
  }

  while (sent < sends) {
    const burst = Math.min(1 + random.below(3), sends - sent);
    const replies = await Promise.all([ben.send(anna, `in ${sent}`), ben.send(anna, `in ${sent} again`)]);
    const outgoing = Array.from({ length: burst }, (_, index) => annaSends(`out ${sent + index}`));
    const incoming = [
      read(anna, ben, replies[1], `in ${sent} again`),
      read(anna, ben, replies[0], `in ${sent}`),
    ];
    const frames = await Promise.all(outgoing);
    await Promise.all(incoming);
    for (const [index, frame] of frames.entries()) await read(ben, anna, frame, `out ${sent + index}`);
    sent += burst;
  }
  return { sends, repeated, undecryptable };
}

/**
 * The same keys, with answers after a random number of turns of the event loop, as from files and databases.
 */
function unhurried(keys: SignalKeyStore, random: SeededRandom): SignalKeyStore {
  return {
    async get(type, ids) {
      await turns(random);
      return await keys.get(type, ids);
    },
    async set(data) {
      await turns(random);
      await keys.set(data);
    },
  };
}

async function turns(random: SeededRandom): Promise<void> {
  for (let turn = random.below(4); turn > 0; turn -= 1) await new Promise((resolve) => setImmediate(resolve));
}
