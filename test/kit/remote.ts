/** The remote backend over the protocol alone. This process answers the calls over the memory backend. */
import { type MemoryBackendOptions, memoryBackend } from "../../src/adapters/memory/mod.ts";
import { remoteBackend } from "../../src/adapters/remote/mod.ts";
import type { Backend } from "../../src/backend/mod.ts";
import { STATUS_OF } from "../../src/http/mod.ts";
import { answerCall, describeError, PROTOCOL } from "../../src/protocol/mod.ts";
import type { ConformanceTarget } from "../../src/testing/mod.ts";
import { MemoryHarness, memoryTarget } from "./memory.ts";
import { testSealing } from "./sealed.ts";

const PATH = /\/v1\/accounts\/([^/]*)\/backend$/;

/** A `fetch` that answers calls from backends, one for each account. */
export function answeringFetch(backendOf: (account: string) => Backend): typeof fetch {
  return async (url, init) => {
    const account = decodeURIComponent(PATH.exec(new URL(String(url)).pathname)?.[1] ?? "");
    try {
      const call = await PROTOCOL.decodeCall(new Uint8Array(init?.body as Uint8Array));
      const answer = await answerCall(backendOf(account), call, { account: undefined, mayErase: true });
      const body = answer instanceof Uint8Array ? answer : streamOf(answer);
      return new Response(body as BodyInit);
    } catch (error) {
      const described = describeError(error);
      return Response.json(described, { status: STATUS_OF[described.code] });
    }
  };
}

function streamOf(pieces: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = pieces[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
}

/** Opens the memory backend through the remote one, which seals. Closing it closes both. */
export async function remoteMemoryBackend({ sealing, ...options }: MemoryBackendOptions): Promise<Backend> {
  const inner = memoryBackend(options);
  const remote = await remoteBackend({
    url: "https://holdfast.example",
    token: "token",
    account: options.account,
    fetch: answeringFetch(() => inner),
    sealing,
    host: options.clock === undefined ? {} : { clock: options.clock },
  });
  const close = remote.close.bind(remote);
  remote.close = async () => {
    await close();
    await inner.close();
  };
  return remote;
}

/** The same, sealed before it is sent. */
export const sealedRemoteTarget: ConformanceTarget = {
  name: "remote over memory, sealed",
  provides: memoryTarget.provides,
  create: async () =>
    new MemoryHarness((options) => remoteMemoryBackend({ ...options, sealing: testSealing() })),
};

/** Every call of the contract encoded, sent, decoded and checked. Does not cover a network. */
export const remoteTarget: ConformanceTarget = {
  name: "remote over memory",
  provides: memoryTarget.provides,
  create: async () => new MemoryHarness(remoteMemoryBackend),
};
