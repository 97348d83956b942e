import type { Context } from "hono";
import { CALL_TYPE } from "../protocol/mod.ts";
import { type OperationAnswers, ServiceError } from "../service/mod.ts";
import { bodyOf } from "./answer_body.ts";
import type { Content, SchemaName } from "./openapi_schemas.ts";

/** How a response carries the result of an operation, and how the OpenAPI document describes it. */
export interface AnswerWriter<Kind extends keyof OperationAnswers = keyof OperationAnswers> {
  /** @throws {ServiceError} When the result has nothing to respond with. */
  respond(c: Context, answer: OperationAnswers[Kind]): Response;
  readonly status: 200 | 204;
  readonly content?: Content;
}

/** The writer of each kind of result. */
export const ANSWER_WRITERS: { readonly [Kind in keyof OperationAnswers]: AnswerWriter<Kind> } = {
  device: {
    ...json("Device"),
    respond(c, device) {
      if (device === undefined) throw new ServiceError("not-found", "read device: the account has no device");
      return c.json(device);
    },
  },
  flush: json("FlushSummary"),
  stats: json("Stats"),
  snapshot: {
    ...json("Snapshot"),
    respond(c, snapshot) {
      c.header("content-disposition", 'attachment; filename="holdfast-snapshot.json"');
      return c.json(snapshot);
    },
  },
  call: {
    respond: (_, answer) =>
      new Response(bodyOf(answer) as BodyInit, { headers: { "content-type": CALL_TYPE } }),
    status: 200,
    content: CALL_TYPE,
  },
  nothing: { respond: (c) => c.body(null, 204), status: 204 },
};

function json(content: SchemaName): AnswerWriter {
  return { respond: (c, answer) => c.json(answer), status: 200, content };
}
