/**
 * A client elsewhere waits while its service has too much to do, with the timers and answers of each runtime.
 */
import { remoteBackend } from "../../src/adapters/remote/mod.ts";
import type { Capabilities } from "../../src/backend/mod.ts";
import { PROTOCOL } from "../../src/protocol/mod.ts";
import { check, equal } from "../../src/testing/conformance/assert.ts";

const CAPABILITIES: Capabilities = {
  atomicCommit: true,
  fencing: true,
  durableOnResolve: true,
  maxValueBytes: 1_000_000,
  maxParameters: undefined,
};

/** The name of the case, and the case. */
export const remoteOverload: readonly [name: string, run: () => Promise<void>] = [
  "remote: sends a commit again as it is after a 429",
  async () => {
    const bodies: Uint8Array[] = [];
    const send = async (_: unknown, init?: { readonly body?: unknown }): Promise<Response> => {
      bodies.push(new Uint8Array(init?.body as Uint8Array));
      if (bodies.length === 1) return answer(PROTOCOL.wire.encodeAnswer("capabilities", CAPABILITIES));
      if (bodies.length === 4) return answer(PROTOCOL.wire.encodeCounts([1]));
      const problem = { code: "limit", message: "call: too many bytes are in flight" };
      return Response.json(problem, { status: 429, headers: { "retry-after": "1" } });
    };
    const backend = await remoteBackend({
      url: "https://service.example",
      token: "token",
      fetch: send as typeof fetch,
    });
    const guard = { owner: "owner", minEpoch: 7, maxEpoch: 7 };
    const startedAt = Date.now();
    equal(await backend.commit([{ kind: "preKey.remove", id: 1 }], { guard }), [1], "rows of the commit");
    check(Date.now() - startedAt >= 900, "the client did not wait");
    equal(bodies.length, 4, "number of requests");
    equal(bodies[2], bodies[1], "the commit that is sent again");
    equal(bodies[3], bodies[1], "the commit that is sent at last");
    await backend.close();
  },
];

function answer(bytes: Uint8Array): Response {
  return new Response(bytes as Uint8Array<ArrayBuffer>);
}
