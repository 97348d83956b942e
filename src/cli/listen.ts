/** Serves an application on the present runtime. */

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
 * @throws {Error} When the port is in use or the address is not available.
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
            // Idle keep-alive connections would delay the callback.
            if ("closeIdleConnections" in server) server.closeIdleConnections();
          }),
      });
    });
    server.on("error", reject);
  });
}
