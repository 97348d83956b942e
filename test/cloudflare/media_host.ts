/** The host of media, in this process: takes uploads of a Worker, and hands them out again. */
export class MediaHost {
  /** Uploaded bytes by path. */
  readonly files: Map<string, Uint8Array<ArrayBuffer>> = new Map();
  readonly #names: readonly string[];

  constructor(names: readonly string[]) {
    this.#names = names;
  }

  /** For `outboundService`: answers for the host's names, and passes on what is for another host. */
  readonly answer = async (request: Request): Promise<Response> => {
    const { hostname, pathname } = new URL(request.url);
    // Node's fetch opens no WebSocket: the socket of Baileys takes the way of miniflare.
    if (!this.#names.includes(hostname)) return await passOn(request);
    if (request.method === "GET") {
      const file = this.files.get(pathname);
      return new Response(file ?? null, { status: file === undefined ? 404 : 200 });
    }
    this.files.set(pathname, new Uint8Array(await request.arrayBuffer()));
    return Response.json({ url: `https://${hostname}${pathname}`, direct_path: pathname });
  };
}

async function passOn(request: Request): Promise<Response> {
  const { fetch: fetchWithUpgrade } = await import("miniflare");
  return (await fetchWithUpgrade(request.url, request as never)) as unknown as Response;
}
