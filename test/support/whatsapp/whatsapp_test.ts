import { type AuthenticationCreds, DEFAULT_CONNECTION_CONFIG } from "baileys";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import {
  child,
  children,
  concerns,
  leaves,
  type MemoryKeys,
  makeTestSocket,
  memoryKeys,
  pairedCreds,
  startWhatsAppServer,
  type TestSocket,
  type TestSocketOptions,
  Timeline,
  textOf,
  type WhatsAppServer,
} from "./mod.ts";

const ANNA = { pn: "15550000001", lid: "100000000000001", name: "Anna" };
const BEN = { pn: "15550000002", lid: "100000000000002", name: "Ben" };

let server: WhatsAppServer;
let open: AsyncDisposable[];

beforeEach(async () => {
  // libsignal prints sessions that it closes or can't use.
  for (const method of ["info", "warn", "error", "log"] as const) {
    vi.spyOn(console, method).mockImplementation(() => undefined);
  }
  server = await startWhatsAppServer();
  open = [server];
});

afterEach(async () => {
  for (const resource of open.reverse()) await resource[Symbol.asyncDispose]();
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

test.each(["pn", "lid"] as const)("20 messages each way, 1:1 by %s", async (addressing) => {
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
  for (let turn = 0; turn < 20; turn++) {
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
  expect(types).toEqual(["pkmsg", ...Array.from({ length: 39 }, () => "msg")]);
  expect(server.incidents).toEqual([]);
});
