import type { Context } from "hono";
import { CALL_TYPE } from "../protocol/mod.ts";
import { type OperationAnswers, ServiceError } from "../service/mod.ts";
import { bodyOf } from "./answer_body.ts";

/** How a response carries the result of an operation. */
export interface AnswerWriter<Kind extends keyof OperationAnswers = keyof OperationAnswers> {
  /** @throws {ServiceError} When the result has nothing to respond with. */
  respond(c: Context, answer: OperationAnswers[Kind]): Response;
}

const JSON_WRITER: AnswerWriter = { respond: (c, answer) => c.json(answer) };

/** The writer of each kind of result. */
export const ANSWER_WRITERS: { readonly [Kind in keyof OperationAnswers]: AnswerWriter<Kind> } = {
  device: {
    respond(c, device) {
      if (device === undefined) throw new ServiceError("not-found", "read device: the account has no device");
      return c.json(device);
    },
  },
  flush: JSON_WRITER,
  stats: JSON_WRITER,
  snapshot: {
    respond(c, snapshot) {
      c.header("content-disposition", 'attachment; filename="holdfast-snapshot.json"');
      return c.json(snapshot);
    },
  },
  call: {
    respond: (_, answer) =>
      new Response(bodyOf(answer) as BodyInit, { headers: { "content-type": CALL_TYPE } }),
  },
  nothing: { respond: (c) => c.body(null, 204) },
};
