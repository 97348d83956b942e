/** Calls of the commit protocol in the notation of the cases. */
import type { OwnerGuard, Write } from "../../../src/backend/mod.ts";
import { CALLER_WIRE, type WireMethod } from "../../../src/protocol/mod.ts";

/** A call. */
export type Call =
  | { readonly kind: "commit"; readonly writes: readonly Write[]; readonly guard?: OwnerGuard }
  | { readonly kind: "read"; readonly method: WireMethod; readonly args: readonly unknown[] };

/** Encodes a call as a body. */
export function bodyOf(call: Call): Uint8Array<ArrayBuffer> {
  const wire = CALLER_WIRE;
  const body =
    call.kind === "commit"
      ? wire.encodeCommit(call.writes, call.guard)
      : wire.encodeRead(call.method, call.args);
  return new Uint8Array(body);
}

/** Decodes the answer to a call. */
export function answerIn(call: Call, body: Uint8Array): unknown {
  const wire = CALLER_WIRE;
  return call.kind === "commit" ? wire.decodeCounts(body) : wire.decodeAnswer(call.method, body);
}
