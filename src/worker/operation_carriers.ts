import { bodyOf } from "../http/mod.ts";
import type { OperationAnswers, OperationInputs } from "../service/mod.ts";
import type { CallAddress } from "./account_call.ts";
import { bytesOf, PLAIN_ANSWER, PLAIN_INPUT } from "./plain_carrier.ts";

/** The parts of a request that carry the arguments of an operation. */
export interface CarriedInput {
  readonly body: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** How the arguments of an operation travel from the Worker to an account's object. */
export interface InputCarrier<Kind extends keyof OperationInputs = keyof OperationInputs> {
  encode(input: OperationInputs[Kind]): CarriedInput;
  decode(request: Request, address: CallAddress): Promise<OperationInputs[Kind]>;
}

/** How the result of an operation travels back. */
export interface AnswerCarrier<Kind extends keyof OperationAnswers = keyof OperationAnswers> {
  encode(answer: OperationAnswers[Kind]): Response;
  decode(response: Response): Promise<OperationAnswers[Kind]>;
}

/** Header with the scope of a call. What it leaves out is not permitted. */
const SCOPE = "x-holdfast-scope";

/** Header of an answer that is streamed. */
const STREAMED = "x-holdfast-streamed";

/** The carrier of each kind of arguments. */
export const INPUT_CARRIERS: { readonly [Kind in keyof OperationInputs]: InputCarrier<Kind> } = {
  nothing: PLAIN_INPUT,
  commands: PLAIN_INPUT,
  redaction: PLAIN_INPUT,
  call: {
    encode: ([body, { account, mayErase, maxBytes }]) => ({
      body,
      headers: { [SCOPE]: JSON.stringify({ all: account === undefined, mayErase, maxBytes }) },
    }),
    decode: async (request, { account }) => {
      const { all, ...scope } = JSON.parse(request.headers.get(SCOPE) ?? "{}");
      return [await bytesOf(request), { ...scope, account: all ? undefined : account }];
    },
  },
};

/** The carrier of each kind of result. */
export const ANSWER_CARRIERS: { readonly [Kind in keyof OperationAnswers]: AnswerCarrier<Kind> } = {
  device: PLAIN_ANSWER,
  flush: PLAIN_ANSWER,
  stats: PLAIN_ANSWER,
  snapshot: PLAIN_ANSWER,
  nothing: PLAIN_ANSWER,
  call: {
    encode: (answer) =>
      new Response(bodyOf(answer) as BodyInit, {
        headers: answer instanceof Uint8Array ? {} : { [STREAMED]: "1" },
      }),
    decode: async (response) =>
      response.headers.get(STREAMED) !== null && response.body !== null
        ? pieces(response.body)
        : await bytesOf(response),
  },
};

async function* pieces(body: ReadableStream<Uint8Array>): AsyncIterable<Uint8Array> {
  const reader = body.getReader();
  let isOver = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      isOver = done;
      if (done || value === undefined) return;
      yield value;
    }
  } finally {
    if (!isOver) await reader.cancel().catch(() => {});
  }
}
