import type { SenderKeyState } from "./sender_key_state.ts";
import { MAX_FAST_FORWARD } from "./session_chain.ts";

/** Messages after the later of two states that the merged one still reads. A receiver skips at most 2,000. */
const HEADROOM = MAX_FAST_FORWARD / 2;

/**
 * One state in place of two of the same sender key, which two addresses of one sender had.
 *
 * - Our own key: the state with the greater iteration, so that no message key is used twice.
 * - A peer's key: the state with the lower iteration and the skipped keys of both. Where it is so far behind
 *   that it could not follow the other one, its messages up to there become skipped keys, as many as a record
 *   keeps.
 */
export function mergeSenderKeyStates(a: SenderKeyState, b: SenderKeyState): SenderKeyState {
  const [lower, higher] = a.next <= b.next ? [a, b] : [b, a];
  if (lower.isOwn !== higher.isOwn) return lower.isOwn ? lower : higher;
  if (lower.isOwn) return higher;
  const behind = higher.next - lower.next;
  if (behind > HEADROOM + MAX_FAST_FORWARD) return higher.withKeysOf(lower);
  return lower.skipTo(Math.max(lower.next, higher.next - HEADROOM)).withKeysOf(higher);
}
