import type { NodeSignalCache } from "./signal_state.ts";

/**
 * Reads a group message with each sender key that its sender has under one id. Baileys tries the oldest
 * alone. There are two of one id only where two records have become one; the state that reads comes first
 * from then on.
 *
 * @param place The sender key's name. The caller holds its lock.
 * @throws What the first attempt failed with.
 */
export async function withEachTwin<T>(
  { senderKeys }: NodeSignalCache,
  place: string,
  read: () => Promise<T>,
): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const record = await senderKeys.load(place);
    if (record?.hasTwins !== true) throw error;
    for (let turn = 1; turn <= record.count; turn += 1) {
      record.rotate();
      await senderKeys.put(place, record.copy());
      const isBack = turn === record.count;
      const found = isBack
        ? undefined
        : await read().then(
            (text) => ({ text }),
            () => undefined,
          );
      if (found !== undefined) return found.text;
    }
    throw error;
  }
}
