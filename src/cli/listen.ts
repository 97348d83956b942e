/** Serves an application on the present runtime. */

import type { IncomingMessage, ServerResponse } from "node:http";
import { MAX_CALL_BYTES } from "../protocol/mod.ts";
import { type DiscardLimits, discardBody } from "./discard_body.ts";

/** Answers requests. */
export type Handler = (request: Request) => Response | Promise<Response>;

/** Address to listen on. */
export interface ListenOptions {
  readonly host: string;
  readonly port: number;
}

/** A listening server. */
export interface Listening {
  readonly port: number;
  /** Accepts no further connections, and resolves when running requests are answered. */
  stop(): Promise<void>;
  /** Closes every connection at once, whatever runs on it. */
  cut(): Promise<void>;
}

interface DenoHost {
  serve(
    options: { hostname: string; port: number; onListen(): void },
    handler: Handler,
  ): { readonly addr: { readonly port: number }; shutdown(): Promise<void> };
}

interface BunHost {
  serve(options: { hostname: string; port: number; idleTimeout: number; fetch: Handler }): {
    readonly port: number;
    stop(closeActiveConnections?: boolean): Promise<void>;
  };
}

/**
 * Seconds without traffic after which Bun closes a connection. By default, 10, a slow database is cut off.
 */
const BUN_IDLE_TIMEOUT_S = 120;

/** The lowest status of a request that was refused, or that failed. */
const FIRST_REFUSAL = 400;

/** How long a request may take to arrive, in milliseconds: its headers, and all of it. */
const HEADERS_TIMEOUT_MS = 20_000;
const REQUEST_TIMEOUT_MS = 60_000;

/** How long the next piece of a refused request is waited for, in milliseconds. */
const DISCARD_IDLE_MS = 10_000;

/**
 * How much of a refused request is read and thrown away before it is answered: all of a call, while it comes and
 * as long as it could have taken if it had not been refused. A busy machine sends 9 MB for more than ten seconds.
 */
const DISCARDED: DiscardLimits = {
  bytes: MAX_CALL_BYTES,
  idleMs: DISCARD_IDLE_MS,
  totalMs: REQUEST_TIMEOUT_MS,
};

/** Maximum bytes of a request that are read after it was answered. */
const MAX_DRAIN_BYTES: number = 1_024 * 1_024;

/**
 * How long a connection without a request is kept, in milliseconds. With the 5 s that Node keeps it, a client that
 * is busy for as long sends its next call into a closed connection, and cannot tell whether it was carried out.
 */
const KEEP_ALIVE_MS = 75_000;

/** Pause between two rounds in which a server that stops closes idle connections, in milliseconds. */
const SWEEP_MS = 50;

/**
 * Listens for HTTP.
 *
 * @throws {Error} When the port is in use or the address is not available.
 */
export async function listen(answer: Handler, { host, port }: ListenOptions): Promise<Listening> {
  const handler = afterRefusedBodies(answer);
  const { Deno, Bun } = globalThis as { readonly Deno?: DenoHost; readonly Bun?: BunHost };
  if (Deno !== undefined) {
    const server = Deno.serve({ hostname: host, port, onListen: () => {} }, handler);
    // Deno cannot close connections once it stops listening. They end with the process.
    return { port: server.addr.port, stop: () => server.shutdown(), cut: async () => {} };
  }
  if (Bun !== undefined) {
    const server = Bun.serve({ hostname: host, port, idleTimeout: BUN_IDLE_TIMEOUT_S, fetch: handler });
    return { port: server.port, stop: () => server.stop(), cut: () => server.stop(true) };
  }
  return await listenOnNode(handler, { host, port });
}

/**
 * Answers a refusal after the body of the request has come. A client that still sends when the connection is
 * closed may lose the answer, and takes a commit that was refused for one that may have happened.
 */
function afterRefusedBodies(answer: Handler): Handler {
  return async (request) => {
    const response = await answer(request);
    if (response.status >= FIRST_REFUSAL && request.body !== null && !request.bodyUsed)
      await discardBody(request.body, DISCARDED);
    return response;
  };
}

async function listenOnNode(handler: Handler, { host, port }: ListenOptions): Promise<Listening> {
  const { serve } = await import("@hono/node-server");
  const { createServer } = await import("node:http");
  return await new Promise((resolve, reject) => {
    const options = { fetch: handler, hostname: host, port, overrideGlobalObjects: false, createServer };
    const server = serve(options, (address) => {
      resolve({ port: address.port, stop, cut: async () => server.closeAllConnections() });
    }) as ReturnType<typeof createServer>;
    const stop = (): Promise<void> =>
      new Promise((closed) => {
        // Connections that stay open after their answer would delay the callback.
        const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
        server.close(() => {
          clearInterval(sweep);
          closed();
        });
      });
    // A client that hangs in the middle of a request does not keep its connection.
    server.headersTimeout = HEADERS_TIMEOUT_MS;
    server.requestTimeout = REQUEST_TIMEOUT_MS;
    server.keepAliveTimeout = KEEP_ALIVE_MS;
    server.on("request", drainAfterAnswer);
    server.on("error", reject);
  });
}

/**
 * After an early answer, reads a little more of the request, so that its sender comes to read the answer. The
 * library closes the connection half a second later.
 */
function drainAfterAnswer(incoming: IncomingMessage, outgoing: ServerResponse): void {
  outgoing.once("finish", () => {
    if (incoming.complete) return;
    let bytesLeft = MAX_DRAIN_BYTES;
    incoming.on("data", (chunk: Uint8Array) => {
      bytesLeft -= chunk.byteLength;
      if (bytesLeft < 0) incoming.pause();
    });
  });
}
