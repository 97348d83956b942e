import { BusyError, RefusedError } from "../../../src/errors/mod.ts";
import { STATUS_OF } from "../../../src/http/mod.ts";
import {
  type BackendCall,
  CALLER_WIRE,
  describeError,
  errorOf,
  PROTOCOL,
} from "../../../src/protocol/mod.ts";
import type { Traffic } from "./chaos_backend.ts";
import type { Network } from "./network.ts";

/**
 * The requests of one process to a service, over a network on which they fail, wait, lose their answers and
 * arrive again. The process knows no more of it than what became of its requests.
 *
 * - A commit that fails is one whose connection failed, or that the service was too busy for: it does not
 *   arrive.
 * - One whose answer is lost, or that is late itself, ends in a connection that failed. What is late are the
 *   bytes that were sent.
 * - A write that is refused is refused by an answer of the service.
 */
export function faultyFetch(network: Network, send: typeof fetch, traffic: Traffic): typeof fetch {
  return async (url, init) => {
    // The sender takes its bytes back.
    const body = new Uint8Array(init?.body as Uint8Array);
    const call = await PROTOCOL.decodeCall(body);
    const carryOut = (): Promise<Response> =>
      network.send(async () => {
        const answer = await arrived(await send(url, { ...init, body, signal: null }));
        if (answer.ok && call.kind === "commit") traffic.applied(call.writes);
        return answer;
      });
    if (call.kind === "commit") return await commit(call, carryOut, traffic);
    if (call.kind === "read" && traffic.failsRead(call.method)) throw connectionFailed();
    return await carryOut();
  };
}

/** The requests of a process whose network is a good one. */
export function faultlessFetch(network: Network, send: typeof fetch): typeof fetch {
  return (url, init) => network.send(async () => await arrived(await send(url, init)));
}

async function commit(
  call: BackendCall & { kind: "commit" },
  carryOut: () => Promise<Response>,
  { plan }: Traffic,
): Promise<Response> {
  const { writes, guard } = call;
  const fault = plan.take();
  if (fault === "hold") await plan.hold();
  if (fault instanceof BusyError) return new Response(null, { status: 503 });
  if (fault instanceof Error) throw connectionFailed();
  const writeIndex = plan.refusedIndex(writes);
  if (writeIndex !== -1) return refusal(writeIndex);
  if (fault === "duplicate" || fault === "lose-answer" || fault === "lose-request") {
    const deliver = async (): Promise<number[]> => await changedRows(await carryOut());
    plan.keep({ writes, options: { guard }, deliver });
  }
  if (fault === "lose-request") throw connectionFailed();
  const answer = await carryOut();
  if (fault === "lose-answer") throw connectionFailed();
  return answer;
}

/** What `fetch` says of any connection that fails, whenever it does. */
function connectionFailed(): TypeError {
  return new TypeError("fetch failed");
}

function refusal(writeIndex: number): Response {
  const described = describeError(new RefusedError("commit: refused on demand", { writeIndex }));
  return Response.json(described, { status: STATUS_OF[described.code] });
}

async function changedRows(answer: Response): Promise<number[]> {
  if (answer.ok) return CALLER_WIRE.decodeCounts(new Uint8Array(await answer.arrayBuffer()));
  const said: unknown = await answer.json();
  throw errorOf(said) ?? new Error(`late commit: answered with ${answer.status}`);
}

/** An answer that has come in whole. */
async function arrived(answer: Response): Promise<Response> {
  const { status, headers } = answer;
  return new Response(await answer.arrayBuffer(), { status, headers });
}
