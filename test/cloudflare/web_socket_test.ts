/** The connection of Baileys in workerd, against servers of the package `ws`, whose clients it replaces. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { COMPATIBILITY_DATE } from "../../src/cli/local_worker.ts";
import type { Connecting, Happening } from "./web_socket_worker.ts";

let worker: Miniflare;
let workerUrl: string;
let server: Server;
let sockets: WebSocketServer;
/** Connections of the current test, so that they can be cut. */
const connections = new Set<Socket>();

beforeAll(async () => {
  const { outputFiles } = await build({
    entryPoints: ["test/cloudflare/web_socket_worker.ts"],
    ...{ bundle: true, external: ["node:*"], format: "esm", target: "es2022", write: false },
  });
  worker = new Miniflare({
    workers: [
      {
        config: {
          name: "sockets",
          compatibilityDate: COMPATIBILITY_DATE,
          compatibilityFlags: ["nodejs_compat"],
          manifest: {
            mainModule: "worker.mjs",
            modules: { "worker.mjs": { type: "esm", contents: outputFiles[0]?.text ?? "" } },
          },
        },
      },
    ],
  });
  workerUrl = (await worker.ready).origin;
});

afterAll(() => worker.dispose());

beforeEach(async () => {
  sockets = new WebSocketServer({ noServer: true });
  server = createServer().listen(0, "127.0.0.1");
  server.on("connection", (connection) => {
    connections.add(connection);
    connection.on("close", () => connections.delete(connection));
  });
  await once(server, "listening");
});

afterEach(async () => {
  for (const connection of connections) connection.destroy();
  const closed = once(server, "close");
  server.close();
  await closed;
});

/** Accepts every connection. */
function accept(connected: (socket: WebSocket, request: IncomingMessage) => void): void {
  server.on("upgrade", (request, connection, head) => {
    sockets.handleUpgrade(request, connection, head, (socket) => connected(socket, request));
  });
}

/** Lets the Worker connect to the server, and resolves with what happened there. */
async function connect(connecting: Omit<Connecting, "url"> & { url?: string } = {}): Promise<Happening[]> {
  const { port } = server.address() as AddressInfo;
  const response = await fetch(workerUrl, {
    method: "POST",
    headers: { connection: "close" },
    body: JSON.stringify({ url: `ws://127.0.0.1:${port}/ws/chat?ED=1`, ...connecting }),
  });
  return (await response.json()) as Happening[];
}

describe("ObjectWebSocket", () => {
  test("sends headers, texts and bytes, and receives both", async () => {
    const seen: unknown[] = [];
    accept((socket, { url, headers }) => {
      seen.push(url, headers.origin, headers["x-own"]);
      socket.on("message", (data: Buffer, isBinary) => {
        seen.push(isBinary ? data.toString("hex") : data.toString());
        socket.send(data, { binary: isBinary });
        if (isBinary) socket.close(4_001, "bye");
      });
      socket.on("close", (code, reason) => seen.push(code, reason.toString()));
    });
    const options = { origin: "https://web.whatsapp.com", headers: { "x-own": "1" } };
    expect(await connect({ options, on: { open: ["send text", "send bytes"] } })).toEqual([
      ["open in 1"],
      ["send text done", "undefined"],
      ["send bytes done", "undefined"],
      ["message in 1", `Buffer ${Buffer.from("hello").toString("hex")}`, "false"],
      ["message in 1", "Buffer 0102ff", "true"],
      ["close in 3", "4001", `Buffer ${Buffer.from("bye").toString("hex")}`],
    ]);
    expect(seen.slice(0, 5)).toEqual(["/ws/chat?ED=1", options.origin, "1", "hello", "0102ff"]);
  });

  test("closes with a code, and is closed when the server has answered", async () => {
    const seen: unknown[] = [];
    accept((socket) => socket.on("close", (code, reason) => seen.push(code, reason.toString())));
    const reason = `Buffer ${Buffer.from("enough").toString("hex")}`;
    expect(await connect({ on: { open: ["close 4000", "close", "send bytes"] } })).toEqual([
      ["open in 1"],
      ["send bytes done", "WebSocket is not open: readyState 2"],
      ["close in 3", "4000", reason],
    ]);
    expect(seen).toEqual([4_000, "enough"]);
  });

  test("reports a connection that is cut as closed without a close frame", async () => {
    accept((socket) => socket.terminate());
    const happened = await connect();
    expect(happened.map(([event]) => event)).toEqual(["open in 1", "close in 3"]);
    expect(happened[1]?.[1]).toBe("1006");
  });

  test("ends with an error when the server refuses the upgrade", async () => {
    server.on("upgrade", (_request, connection) => {
      connection.end("HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno");
    });
    expect(await connect()).toEqual([
      ["unexpected-response in 0", "undefined", "status 403"],
      ["error in 2", "Unexpected server response: 403"],
      ["close in 3", "1006", "Buffer "],
    ]);
  });

  test("ends with an error when no server listens", async () => {
    const happened = await connect({ url: "ws://127.0.0.1:1/" });
    expect(happened.map(([event]) => event)).toEqual(["error in 2", "close in 3"]);
  });

  test("ends with an error when the handshake takes too long", async () => {
    let upgrades = 0;
    server.on("upgrade", () => {
      upgrades += 1;
    });
    expect(await connect({ options: { handshakeTimeout: 200 } })).toEqual([
      ["error in 2", "Opening handshake has timed out"],
      ["close in 3", "1006", "Buffer "],
    ]);
    expect(upgrades).toBe(1);
  });

  // With `AbortSignal.timeout` the open connection would end too.
  test("stays open after the time limit of the handshake", async () => {
    accept((socket) => setTimeout(() => socket.send(Buffer.from([7])), 600));
    const options = { handshakeTimeout: 200 };
    expect((await connect({ options, on: { message: ["close"] } })).slice(0, 2)).toEqual([
      ["open in 1"],
      ["message in 1", "Buffer 07", "true"],
    ]);
  });

  test("refuses to send while it connects, and can be closed then", async () => {
    accept(() => {});
    expect(await connect({ begin: ["send text", "close"], on: { close: ["send text"] } })).toEqual([
      ["send text throws", "WebSocket is not open: readyState 0 (CONNECTING)"],
      ["error in 2", "WebSocket was closed before the connection was established"],
      ["close in 3", "1006", "Buffer "],
      ["send text done", "WebSocket is not open: readyState 3"],
    ]);
  });

  test("is closed at once when it is terminated", async () => {
    accept(() => {});
    expect(await connect({ on: { open: ["terminate"] } })).toEqual([
      ["open in 1"],
      ["close in 3", "1006", "Buffer "],
    ]);
  });

  test("waits a limited time for the answer to a close", async () => {
    accept((_socket, { socket: connection }) => connection.removeAllListeners("data"));
    const begunAtMs = Date.now();
    expect(await connect({ on: { open: ["close"] } })).toEqual([
      ["open in 1"],
      ["close in 3", "1006", "Buffer "],
    ]);
    expect(Date.now() - begunAtMs).toBeGreaterThan(4_900);
  });

  test("refuses other protocols, and an agent", async () => {
    expect(await connect({ url: "https://web.whatsapp.com" })).toEqual([
      ["throws", "connect WebSocket: protocol https: is not ws: or wss:"],
    ]);
    expect(await connect({ options: { agent: {} } })).toEqual([
      ["throws", "connect WebSocket: a Durable Object cannot connect through an agent"],
    ]);
  });
});
