import type { CallAnswer } from "../protocol/mod.ts";

/**
 * Returns the body that carries an answer of the commit protocol. A streamed answer is produced as the body
 * is read.
 */
export function bodyOf(answer: CallAnswer): Uint8Array | ReadableStream<Uint8Array> {
  if (answer instanceof Uint8Array) return answer;
  const pieces = answer[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>({
    start(controller): void {
      void answer.cut?.then((error) => controller.error(error));
    },
    async pull(controller): Promise<void> {
      const { done, value } = await pieces.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel(): Promise<void> {
      await pieces.return?.();
    },
  });
}
