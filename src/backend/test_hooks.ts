import type { Committer } from "./backend.ts";

/** Not part of any public type: it sits on the backend that a queue is taken on. */
const KEEPS_EPOCH: unique symbol = Symbol("ambiguous commits are sent again under the same epoch");

/**
 * Makes queues on this backend send a commit whose answer was lost again without moving the epoch on, so that the first send, should it
 * arrive late, is not refused. For tests of the tests.
 */
export function withoutEpochBump<C extends Committer>(backend: C): C {
  return Object.defineProperty(backend, KEEPS_EPOCH, { value: true });
}

/** Whether queues on this backend move the epoch on: always, unless it went through `withoutEpochBump`. */
export function bumpsEpoch(backend: Committer): boolean {
  return (backend as { readonly [KEEPS_EPOCH]?: boolean })[KEEPS_EPOCH] !== true;
}
