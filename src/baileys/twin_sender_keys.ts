import type { NodeSignalCache } from "./signal_state.ts";

/**
 * Decrypts a group message with each sender key that its sender has under one id, because Baileys tries only
 * the oldest. Two keys of one id exist only after two records were joined. The state that decrypts comes
 * first afterwards.
 *
 * @param place The sender key's name. The caller holds its lock.
 * @throws The error of the first attempt.
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
