/** The Worker that measures inside a Durable Object. Each measurement has its own object. */

import type { ObjectContextLike, ObjectNamespaceLike } from "../../src/worker/mod.ts";
import { flushCosts, type RealStorage, sendCosts } from "./measurements.ts";
import { TimedFlush } from "./timed_flush.ts";

interface Env {
  readonly BENCH: ObjectNamespaceLike;
}

/** Runs one measurement. */
export class BenchObject {
  readonly #ctx: ObjectContextLike;
  #timed: TimedFlush | undefined;

  constructor(ctx: ObjectContextLike) {
    this.#ctx = ctx;
  }

  async fetch(request: Request): Promise<Response> {
    const storage = this.#ctx.storage as RealStorage;
    switch (new URL(request.url).pathname) {
      case "/flush-costs":
        return Response.json(await flushCosts(storage));
      case "/sends-at-1-per-s":
        return Response.json(await sendCosts(storage, { intervalMs: 1_000, isEvicted: false }));
      case "/sends-at-1-per-min":
        return Response.json(await sendCosts(storage, { intervalMs: 60_000, isEvicted: true }));
      case "/timed/prepare":
        await this.#timedFlush().prepare();
        return new Response(null, { status: 204 });
      case "/timed/flush":
        await this.#timedFlush().flush();
        return new Response(null, { status: 204 });
      case "/timed/bare":
        await this.#timedFlush().bare();
        return new Response(null, { status: 204 });
      default:
        return new Response(null, { status: 404 });
    }
  }

  #timedFlush(): TimedFlush {
    this.#timed ??= new TimedFlush(this.#ctx);
    return this.#timed;
  }
}

export default {
  fetch(request: Request, { BENCH }: Env): Promise<Response> {
    const { pathname } = new URL(request.url);
    const stub = BENCH.get(BENCH.idFromName(pathname.split("/")[1] ?? ""));
    return stub.fetch(`https://object${pathname}`, { method: "POST" });
  },
};
