/** Serves an application on the runtime that runs this program. */

/** What answers requests. */
export type Handler = (request: Request) => Response | Promise<Response>;

/** Where to listen. */
export interface ListenOptions {
  readonly host: string;
  readonly port: number;
}

/** A server that listens. */
export interface Listening {
  readonly port: number;
  /** Takes no more connections, and resolves when what is under way has been answered. */
  close(): Promise<void>;
}

interface DenoHost {
  serve(
    options: { hostname: string; port: number; onListen(): void },
    handler: Handler,
  ): { readonly addr: { readonly port: number }; shutdown(): Promise<void> };
}

interface BunHost {
  serve(options: { hostname: string; port: number; fetch: Handler }): {
    readonly port: number;
    stop(): Promise<void>;
  };
}

/**
 * Listens for HTTP.
 *
 * @throws {Error} When the port is taken or the address is not this machine's.
 */
export async function listen(handler: Handler, { host, port }: ListenOptions): Promise<Listening> {
  const { Deno, Bun } = globalThis as { readonly Deno?: DenoHost; readonly Bun?: BunHost };
  if (Deno !== undefined) {
    const server = Deno.serve({ hostname: host, port, onListen: () => {} }, handler);
    return { port: server.addr.port, close: () => server.shutdown() };
  }
  if (Bun !== undefined) {
    const server = Bun.serve({ hostname: host, port, fetch: handler });
    return { port: server.port, close: () => server.stop() };
  }
  return await listenOnNode(handler, { host, port });
}

async function listenOnNode(handler: Handler, { host, port }: ListenOptions): Promise<Listening> {
  const { serve } = await import("@hono/node-server");
  return await new Promise((resolve, reject) => {
    const options = { fetch: handler, hostname: host, port, overrideGlobalObjects: false };
    const server = serve(options, (address) => {
      resolve({
        port: address.port,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            // Connections that are kept for a next request hold nothing up.
            if ("closeIdleConnections" in server) server.closeIdleConnections();
          }),
      });
    });
    server.on("error", reject);
  });
}
