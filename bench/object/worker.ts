/** The Worker that measures inside a Durable Object. Each measurement has its own object. */

import type { ObjectContextLike, ObjectNamespaceLike } from "../../src/worker/mod.ts";
import { flushCosts, type RealStorage, registryWakeCosts, sendCosts, wakeCosts } from "./measurements.ts";
import { SealedAccount } from "./sealed_account.ts";
import { SEND_PATTERNS, type SendPatternName } from "./send_patterns.ts";
import { TimedFlush } from "./timed_flush.ts";

interface Env {
  readonly BENCH: ObjectNamespaceLike;
}

function isPattern(name: string): name is SendPatternName {
  return Object.hasOwn(SEND_PATTERNS, name);
}

/** The calls of an account that is encrypted or not. */
const CALLS = ["send", "flush", "forget", "read"] as const;

function isCall(name: string | undefined): name is (typeof CALLS)[number] {
  return CALLS.some((call) => call === name);
}

/** Runs one measurement. */
export class BenchObject {
  readonly #ctx: ObjectContextLike;
  #timed: TimedFlush | undefined;
  #sealed: SealedAccount | undefined;

  constructor(ctx: ObjectContextLike) {
    this.#ctx = ctx;
  }

  async fetch(request: Request): Promise<Response> {
    const storage = this.#ctx.storage as RealStorage;
    const { pathname } = new URL(request.url);
    const pattern = pathname.slice(1);
    if (isPattern(pattern)) return Response.json(await sendCosts(storage, pattern));
    switch (pathname) {
      case "/flush-costs":
        return Response.json(await flushCosts(storage));
      case "/registry-wake-costs":
        return Response.json(await registryWakeCosts(storage));
      case "/wake-costs":
        return Response.json(await wakeCosts(storage));
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
        return await this.#sealedCall(pathname);
    }
  }

  /** `/sealed/flush` and its like, and the same below `/plain`. */
  async #sealedCall(path: string): Promise<Response> {
    const [, side, call] = path.split("/");
    if (!(side === "sealed" || side === "plain") || !isCall(call)) return new Response(null, { status: 404 });
    this.#sealed ??= new SealedAccount(this.#ctx, side === "sealed");
    await this.#sealed[call]();
    return new Response(null, { status: 204 });
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
