import { decodePlainValue, encodePlainValue } from "../protocol/mod.ts";

/** Arguments as a list of plain values. */
export const PLAIN_INPUT = {
  encode: (input: readonly unknown[]): { readonly body: Uint8Array } => ({ body: encodePlainValue(input) }),
  decode: async <Input>(request: Request): Promise<Input> =>
    decodePlainValue(await bytesOf(request)) as Input,
} as const;

/** A result as a plain value. */
export const PLAIN_ANSWER = {
  encode: (answer: unknown): Response => new Response(encodePlainValue(answer) as BodyInit),
  decode: async <Answer>(response: Response): Promise<Answer> =>
    decodePlainValue(await bytesOf(response)) as Answer,
} as const;

/** Reads the whole body of a request or an answer. */
export async function bytesOf(carrier: Request | Response): Promise<Uint8Array> {
  return new Uint8Array(await carrier.arrayBuffer());
}
