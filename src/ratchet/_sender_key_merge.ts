import type { SenderKeyState } from "./sender_key_state.ts";
import { MAX_SKIPPED_MESSAGES } from "./session_chain.ts";

/**
 * Maximum distance between the later of two states and the merged one. A receiver skips at most
 * `MAX_SKIPPED_MESSAGES`.
 */
const HEADROOM = MAX_SKIPPED_MESSAGES / 2;

/**
 * Merges two states of one sender key that two addresses of one sender had.
 *
 * - Our own key: the state with the greater iteration, so that no message key is used twice.
 * - A peer's key: the state with the lower iteration and the skipped keys of both. When it is too far behind
 *   to follow the other one, it skips ahead and keeps the skipped message keys, up to the limit of a record.
 */
export function mergeSenderKeyStates(a: SenderKeyState, b: SenderKeyState): SenderKeyState {
  const [lower, higher] = a.next <= b.next ? [a, b] : [b, a];
  if (lower.isOwn !== higher.isOwn) return lower.isOwn ? lower : higher;
  if (lower.isOwn) return higher;
  const behind = higher.next - lower.next;
  if (behind > HEADROOM + MAX_SKIPPED_MESSAGES) return higher.withKeysOf(lower);
  return lower.skipTo(Math.max(lower.next, higher.next - HEADROOM)).withKeysOf(higher);
}
