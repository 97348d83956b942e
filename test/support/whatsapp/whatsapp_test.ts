import { createHook } from "node:async_hooks";
import {
  type AuthenticationCreds,
  DEFAULT_CONNECTION_CONFIG,
  INITIAL_PREKEY_COUNT,
  WA_CERT_DETAILS,
} from "baileys";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { dose } from "../dose.ts";
import {
  bytesOf,
  child,
  children,
  concerns,
  element,
  type LeftFrame,
  leaves,
  type MemoryKeys,
  makeTestSocket,
  memoryKeys,
  pairedCreds,
  SERVER_JID,
  startWhatsAppServer,
  type TestSocket,
  type TestSocketOptions,
  Timeline,
  textOf,
  type WhatsAppServer,
} from "./mod.ts";

const { makeSignalRepository: makeLibSignalRepository } = DEFAULT_CONNECTION_CONFIG;
const ANNA = { pn: "15550000001", lid: "100000000000001", name: "Anna" };
const BEN = { pn: "15550000002", lid: "100000000000002", name: "Ben" };
/** The address of Ben's device in Anna's sessions. */
const ANNA_TO_BEN = "100000000000002_1.1";

let server: WhatsAppServer;
let open: AsyncDisposable[];

beforeEach(async () => {
  // libsignal prints sessions that it closes or cannot use.
  for (const method of ["info", "warn", "error", "log"] as const) {
    vi.spyOn(console, method).mockImplementation(() => undefined);
  }
  vi.spyOn(globalThis, "fetch").mockRejectedValue(new Error("no network in tests"));
  server = await startWhatsAppServer({ claimedPreKeyCount: 1 });
  open = [server];
});

afterEach(async () => {
  for (const resource of open.reverse()) await resource[Symbol.asyncDispose]();
  expect(globalThis.fetch).not.toHaveBeenCalled();
  vi.restoreAllMocks();
});

interface Person {
  readonly socket: TestSocket;
  readonly keys: MemoryKeys;
  readonly creds: AuthenticationCreds;
}

async function connect(
  who: typeof ANNA,
  options: Partial<TestSocketOptions> & { keep?: Person } = {},
): Promise<Person> {
  const { keep, ...rest } = options;
  const keys = keep?.keys ?? memoryKeys();
  const creds = keep?.creds ?? pairedCreds(who);
  const socket = await makeTestSocket({ server, creds, keys, ...rest });
  open.push(socket);
  return { socket, keys, creds };
}

const texts = (socket: TestSocket): (string | undefined)[] => socket.received.map(textOf);

/** Removes records whose name starts with one of the prefixes, as if the store had lost them. */
function lose(keys: MemoryKeys, ...prefixes: string[]): number {
  const lost = [...keys.records.keys()].filter((name) => prefixes.some((prefix) => name.startsWith(prefix)));
  for (const name of lost) keys.records.delete(name);
  return lost.length;
}

/**
 * Queries a device's keys as a client does before its first message. Resolves with the id of the one-time
 * key.
 */
async function oneTimeKeyId(asker: TestSocket, jid: string): Promise<string | undefined> {
  const user = element("user", { jid });
  const query = element("iq", { xmlns: "encrypt", type: "get", to: SERVER_JID }, [
    element("key", {}, [user]),
  ]);
  const bundle = child(child(await asker.sock.query(query), "list"), "user");
  expect(bundle?.attrs.jid).toBe(jid);
  const id = bytesOf(child(child(bundle, "key"), "id"));
  return id && Buffer.from(id).toString("hex");
}

describe("startWhatsAppServer", () => {
  const TURNS = dose({ short: 6, long: 20 });

  test.each(["pn", "lid"] as const)(`carries ${TURNS} messages each way, 1:1 by %s`, async (addressing) => {
    const { socket: anna } = await connect(ANNA);
    const { socket: ben } = await connect(BEN);
    const types: string[] = [];
    server.onFrame((_client, node) => {
      if (node.tag !== "message") return;
      for (const to of children(child(node, "participants"))) types.push(child(to, "enc")?.attrs.type ?? "");
    });
    const address = (socket: TestSocket): string => (addressing === "lid" ? socket.userLid : socket.userJid);
    const fromAnna: string[] = [];
    const fromBen: string[] = [];
    for (let turn = 0; turn < TURNS; turn++) {
      fromAnna.push(`to Ben ${turn}`);
      await anna.sendText(address(ben), `to Ben ${turn}`);
      await ben.receivedCount(turn + 1);
      fromBen.push(`to Anna ${turn}`);
      await ben.sendText(address(anna), `to Anna ${turn}`);
      await anna.receivedCount(turn + 1);
    }
    expect(texts(ben)).toEqual(fromAnna);
    expect(texts(anna)).toEqual(fromBen);
    expect(ben.received[0]?.key.remoteJid).toBe(address(anna));
    expect(types).toEqual(["pkmsg", ...Array.from({ length: 2 * TURNS - 1 }, () => "msg")]);
    expect(server.incidents).toEqual([]);
  });

  test.each(["lid", "pn"] as const)("carries messages of a group addressed by %s", async (addressing) => {
    const { socket: anna } = await connect(ANNA);
    const { socket: ben } = await connect(BEN);
    const group = server.createGroup({ members: [anna.jid, ben.jid], addressing });
    const distributed: string[] = [];
    server.onFrame((client, node) => {
      if (node.tag !== "message") return;
      expect(child(node, "enc")?.attrs.type).toBe("skmsg");
      for (const to of children(child(node, "participants")))
        distributed.push(`${client.jid} ${to.attrs.jid}`);
    });
    for (let turn = 0; turn < 5; turn++) {
      await anna.sendText(group, `Anna ${turn}`);
      await ben.receivedCount(turn + 1);
      await ben.sendText(group, `Ben ${turn}`);
      await anna.receivedCount(turn + 1);
    }
    expect(texts(ben)).toEqual([0, 1, 2, 3, 4].map((turn) => `Anna ${turn}`));
    expect(texts(anna)).toEqual([0, 1, 2, 3, 4].map((turn) => `Ben ${turn}`));
    const annaThere = addressing === "lid" ? anna.lid : anna.jid;
    const benThere = addressing === "lid" ? ben.lid : ben.jid;
    const annaAsUser = addressing === "lid" ? anna.userLid : anna.userJid;
    expect(ben.received[0]?.key).toMatchObject({ remoteJid: group, participant: annaAsUser });
    // Each sender key is sent once. In LID groups the library also sends it to its own device.
    const toOthers = distributed.filter(
      (pair) => pair !== `${anna.jid} ${anna.lid}` && pair !== `${ben.jid} ${ben.lid}`,
    );
    expect(toOthers).toEqual([`${anna.jid} ${benThere}`, `${ben.jid} ${annaThere}`]);
    expect(server.incidents).toEqual([]);
  });

  test.each(["1:1", "group"] as const)("restores a lost session by a retry, %s", async (kind) => {
    const { socket: anna } = await connect(ANNA);
    const { socket: ben, keys } = await connect(BEN);
    const to = kind === "group" ? server.createGroup({ members: [anna.jid, ben.jid] }) : ben.userJid;
    await anna.sendText(to, "before");
    await ben.receivedCount(1);
    const retries: (string | undefined)[] = [];
    server.onFrame((client, node) => {
      if (node.tag === "receipt" && node.attrs.type === "retry")
        retries.push(`${client.jid} ${node.attrs.id}`);
    });
    expect(lose(keys, "session:", "sender-key:")).toBeGreaterThan(0);
    const id = await anna.sendText(to, "lost at first");
    await ben.receivedCount(2);
    expect(texts(ben)).toEqual(["before", "lost at first"]);
    expect(ben.received[1]?.key.id).toBe(id);
    expect(ben.undecryptable).toEqual([id]);
    expect(retries).toEqual([`${ben.jid} ${id}`]);
    await ben.sendText(anna.userJid, "answer");
    await anna.receivedCount(1);
    expect(server.incidents).toEqual([]);
  });

  test("uses the key bundle of a second retry", async () => {
    const { socket: anna } = await connect(ANNA);
    const { socket: ben, keys } = await connect(BEN);
    await anna.sendText(ben.userJid, "before");
    await ben.receivedCount(1);
    const bundles: boolean[] = [];
    server.onFrame((_client, node) => {
      if (node.tag === "receipt" && node.attrs.type === "retry")
        bundles.push(child(node, "keys") !== undefined);
    });
    // Without one-time keys Ben cannot accept the session that Anna starts after the first retry.
    lose(keys, "session:", "pre-key:");
    const id = await anna.sendText(ben.userJid, "lost twice");
    await ben.receivedCount(2);
    expect(texts(ben)).toEqual(["before", "lost twice"]);
    expect(ben.undecryptable).toEqual([id, id]);
    expect(bundles).toEqual([false, true]);
  });

  test("delivers stanzas once to a client that was offline", async () => {
    const anna = await connect(ANNA);
    const ben = await connect(BEN);
    await anna.socket.sendText(ben.socket.userJid, "while here");
    await ben.socket.receivedCount(1);
    await ben.socket.close();
    for (const text of ["away 1", "away 2"]) await anna.socket.sendText(ben.socket.userJid, text);
    const back = await connect(BEN, { keep: ben });
    await back.socket.receivedCount(2);
    expect(texts(back.socket)).toEqual(["away 1", "away 2"]);
    await back.socket.sendText(anna.socket.userJid, "back");
    await anna.socket.receivedCount(1);
    expect(server.pendingCount(ben.socket.jid)).toBe(0);
    expect(server.incidents).toEqual([]);
  });

  test("keeps frames sent before the connection broke", async () => {
    const { socket: anna } = await connect(ANNA);
    const { socket: ben } = await connect(BEN);
    await anna.sendText(ben.userJid, "before");
    await ben.receivedCount(1);
    await anna.sendText(ben.userJid, "last words");
    await anna.close();
    await ben.receivedCount(2);
    expect(texts(ben)).toEqual(["before", "last words"]);
  });

  test("restores the real root of trust after the last server closed", async () => {
    const testRoot = WA_CERT_DETAILS.PUBLIC_KEY;
    const second = await startWhatsAppServer();
    await server.close();
    expect(WA_CERT_DETAILS.PUBLIC_KEY).toEqual(testRoot);
    await second.close();
    expect(WA_CERT_DETAILS.PUBLIC_KEY.toString("hex")).toMatch(/^142375574d0a587166aae71e/);
  });

  test("refuses a device with a new identity", async () => {
    const ben = await connect(BEN);
    await ben.socket.close();
    await expect(connect(BEN)).rejects.toThrow("closed");
    expect(server.incidents).toEqual([`refused login of ${ben.socket.jid}`]);
  });

  test("serves a one-time key once and requests more when few are left", async () => {
    const { socket: anna } = await connect(ANNA);
    const { socket: ben } = await connect(BEN);
    const served: (string | undefined)[] = [];
    for (let key = 0; key < 12; key++) {
      served.push(await oneTimeKeyId(anna, key % 2 === 0 ? ben.lid : ben.jid));
      await server.until(() => server.preKeyCount(ben.jid) >= 5);
    }
    expect(served).not.toContain(undefined);
    expect(new Set(served).size).toBe(12);
    expect(server.incidents).toEqual([]);
  });

  test("lets a client upload its full stock without a claim", async () => {
    const honest = await startWhatsAppServer();
    open.push(honest);
    const { socket } = await connect(ANNA, { server: honest });
    expect(honest.preKeyCount(socket.jid)).toBe(INITIAL_PREKEY_COUNT);
  });

  test("reports a replaced connection to the client", async () => {
    const anna = await connect(ANNA);
    const again = await connect(ANNA, { keep: anna });
    await expect(anna.socket.until(() => false)).rejects.toThrow("closed");
    expect(again.socket.sock.ws.isOpen).toBe(true);
  });
});

/** The id of the one-time key in a retry receipt. 0 if it has none. */
function offered(frame: LeftFrame): number {
  const id = bytesOf(child(child(child(frame.node, "keys"), "key"), "id"));
  return id === undefined ? 0 : Buffer.from(id).readUIntBE(0, id.length);
}

describe("the stock library", () => {
  // The following tests show the behaviour of the library alone, which is why a store must gate the
  // ciphertext.

  test("sends a 1:1 message before its session reaches the store", async () => {
    const timeline = new Timeline();
    const keys = memoryKeys();
    const { socket: anna } = await connect(ANNA, { keys: timeline.observe(keys), onLeave: timeline.onLeave });
    const { socket: ben } = await connect(BEN);
    const before = timeline.events.length;
    await anna.sendText(ben.userJid, "hello");
    await ben.receivedCount(1);
    const left = timeline.find(leaves("message"), before);
    const set = timeline.find(concerns("set", "session:"), before);
    expect(left).toBeGreaterThan(-1);
    expect(set).toBeGreaterThan(left);
    expect(timeline.find(concerns("durable", "session:"), before)).toBeGreaterThan(set);
  });

  test("delivers a message while the sender's store refuses to write", async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const stored = memoryKeys();
    const { socket: ben } = await connect(BEN);
    let holding = false;
    const { socket: anna } = await connect(ANNA, {
      keys: {
        get: stored.get,
        set: async (data) => {
          if (holding && data.session) await held;
          await stored.set(data);
        },
      },
    });
    holding = true;
    const sending = anna.sendText(ben.userJid, "hello");
    await ben.receivedCount(1);
    expect(await stored.get("session", [ANNA_TO_BEN])).toEqual({});
    release();
    await sending;
    expect(Object.keys(await stored.get("session", [ANNA_TO_BEN]))).toEqual([ANNA_TO_BEN]);
  });

  test("sends a group message before its sender key reaches the store", async () => {
    const timeline = new Timeline();
    const { socket: anna } = await connect(ANNA, {
      keys: timeline.observe(memoryKeys()),
      onLeave: timeline.onLeave,
    });
    const { socket: ben } = await connect(BEN);
    const group = server.createGroup({ members: [anna.jid, ben.jid] });
    await anna.sendText(group, "hello");
    await ben.receivedCount(1);
    const left = timeline.find(leaves("message", { to: group }));
    expect(left).toBeGreaterThan(-1);
    for (const kind of ["sender-key:", "sender-key-memory:", "session:"]) {
      expect(timeline.find(concerns("set", kind))).toBeGreaterThan(left);
    }
  });

  test("offers a pre-key in a retry before it reaches the store", async () => {
    const timeline = new Timeline();
    const keys = memoryKeys();
    const { socket: anna } = await connect(ANNA);
    const { socket: ben } = await connect(BEN, { keys: timeline.observe(keys), onLeave: timeline.onLeave });
    await anna.sendText(ben.userJid, "before");
    await ben.receivedCount(1);
    const before = timeline.events.length;
    lose(keys, "session:", "pre-key:");
    await anna.sendText(ben.userJid, "lost twice");
    await ben.receivedCount(2);
    const left = timeline.find(
      (event) =>
        leaves("receipt", { type: "retry" })(event) && event.kind === "left" && offered(event.frame) > 0,
      before,
    );
    const event = timeline.events[left];
    const id = event?.kind === "left" ? offered(event.frame) : 0;
    expect(id).toBeGreaterThan(0);
    expect(timeline.find(concerns("set", `pre-key:${id}`))).toBeGreaterThan(left);
  });

  test("sends after the session is durable with a write-through repository", async () => {
    const timeline = new Timeline();
    const keys = timeline.observe(memoryKeys());
    const { socket: anna } = await connect(ANNA, {
      keys,
      onLeave: timeline.onLeave,
      makeSignalRepository: ({ creds }, ...rest) => {
        const writeThrough = {
          ...keys,
          isInTransaction: () => false,
          transaction: <T>(work: () => Promise<T>) => work(),
        };
        return makeLibSignalRepository({ creds, keys: writeThrough }, ...rest);
      },
    });
    const { socket: ben } = await connect(BEN);
    const before = timeline.events.length;
    await anna.sendText(ben.userJid, "hello");
    await ben.receivedCount(1);
    const left = timeline.find(leaves("message"), before);
    const durable = timeline.find(concerns("durable", `session:${ANNA_TO_BEN}`), before);
    expect(durable).toBeGreaterThan(-1);
    expect(durable).toBeLessThan(left);
  });
});

describe("TestSocket.close", () => {
  test("leaves no long timer after close", async () => {
    const running = new Map<number, NodeJS.Timeout>();
    const hook = createHook({
      init(id, type, _trigger, resource) {
        if (type === "Timeout") running.set(id, resource as NodeJS.Timeout);
      },
      destroy: (id) => void running.delete(id),
    }).enable();
    onTestFinished(() => void hook.disable());
    const { socket: anna } = await connect(ANNA);
    const { socket: ben, keys } = await connect(BEN);
    await anna.sendText(ben.userJid, "hello");
    await ben.receivedCount(1);
    lose(keys, "session:");
    await anna.sendText(ben.userJid, "lost at first");
    await ben.receivedCount(2);
    for (const resource of [anna, ben, server]) await resource.close();
    const holding = [...running].filter(([, timer]) => timer.hasRef()).map(([id]) => id);
    // The library's event buffer leaves some timers of 100 ms. Timers of seconds would fail here.
    await vi.waitFor(() => expect(holding.filter((id) => running.has(id))).toEqual([]), { timeout: 1_000 });
  });
});
