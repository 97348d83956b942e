/** How much of a body is read and thrown away, and for how long. */
export interface DiscardLimits {
  readonly bytes: number;
  /** Longest wait for the next piece, in milliseconds. */
  readonly idleMs: number;
  /** Longest wait for all of it, in milliseconds. */
  readonly totalMs: number;
}

/** Reads a body without keeping it, up to a limit. Never rejects: the client may be gone. */
export async function discardBody(
  body: ReadableStream<Uint8Array>,
  { bytes: maxBytes, idleMs, totalMs }: DiscardLimits,
): Promise<void> {
  const reader = body.getReader();
  let stop: (() => void) | undefined;
  const stopped = new Promise<undefined>((resolve) => {
    stop = () => resolve(undefined);
  });
  const total = setTimeout(() => stop?.(), totalMs);
  let idle: ReturnType<typeof setTimeout> | undefined;
  try {
    for (let bytes = 0; bytes <= maxBytes; ) {
      idle = setTimeout(() => stop?.(), idleMs);
      const piece = await Promise.race([reader.read(), stopped]);
      clearTimeout(idle);
      if (piece?.value === undefined) return;
      bytes += piece.value.byteLength;
    }
  } catch {
    // The client is gone.
  } finally {
    clearTimeout(idle);
    clearTimeout(total);
  }
}
