import type { Problem } from "../http/mod.ts";
import { EXAMPLES } from "./examples.ts";
import type { Schema } from "./schema.ts";
import { schemaRef } from "./schemas.ts";

interface DescribedProblem {
  readonly status: number;
  readonly description: string;
  readonly example: Problem;
}

function problem(
  description: string,
  { status, title, code, message, limit }: Pick<Problem, "status" | "title" | "code" | "message" | "limit">,
): DescribedProblem {
  const { requestId } = EXAMPLES.Problem;
  return {
    status,
    description,
    example: { type: "about:blank", title, status, code, message, limit, requestId },
  };
}

/** The names of problems that operations share. */
export type ProblemName =
  | "Invalid"
  | "Unauthorized"
  | "Forbidden"
  | "NotFound"
  | "Conflict"
  | "TooLarge"
  | "Unsupported"
  | "Refused"
  | "Limit"
  | "Full";

/** Problems that operations share. */
const PROBLEMS: Readonly<Record<ProblemName, DescribedProblem>> = {
  Invalid: {
    status: 400,
    description: "The request is malformed. `errors` names the parts, the rules and what is allowed.",
    example: EXAMPLES.Problem,
  },
  Unauthorized: problem("There is no token, or it is unknown, expired or revoked.", {
    status: 401,
    title: "Unauthorized",
    code: "unauthorized",
    message: "authenticate: no valid token",
  }),
  Forbidden: problem("The token does not permit this.", {
    status: 403,
    title: "Forbidden",
    code: "forbidden",
    message: "administer: the token does not allow administration",
  }),
  NotFound: problem("There is no such account, device or token.", {
    status: 404,
    title: "Not Found",
    code: "not-found",
    message: "find account: no such account",
  }),
  Conflict: problem("The account is in a state that does not allow this: see `code`.", {
    status: 409,
    title: "Conflict",
    code: "fenced",
    message: "commit: another owner has taken the account over",
  }),
  TooLarge: problem("The body is larger than the limit.", {
    status: 413,
    title: "Content Too Large",
    code: "too-large",
    message: "read body: at most 262144 bytes are allowed",
  }),
  Unsupported: problem("The body has another media type, or is compressed.", {
    status: 415,
    title: "Unsupported Media Type",
    code: "unsupported",
    message: "read body: expected application/json",
  }),
  Refused: problem("The database never accepts one of the writes. Nothing was written.", {
    status: 422,
    title: "Unprocessable Content",
    code: "refused",
    message: "commit: the token does not permit to erase the account",
  }),
  Limit: problem("A limit is reached. Nothing was carried out: repeat it after `retry-after` seconds.", {
    status: 429,
    title: "Too Many Requests",
    code: "limit",
    message: "call: too many bytes of the account are in flight",
  }),
  Full: problem("The account would exceed what it may store. Nothing was written.", {
    status: 507,
    title: "Insufficient Storage",
    code: "limit",
    message: "use account: its limit is reached, maxBytes is 100000000",
    limit: { rule: "maxBytes", allowed: 100_000_000 },
  }),
};

const RETRY_AFTER: Schema = {
  description: "Seconds after which the request may be repeated.",
  schema: { type: "integer", minimum: 0 },
  example: 1,
};

/** The answers of the document. */
export const PROBLEM_ANSWERS: Readonly<Record<string, Schema>> = {
  Problem: answerOf("A problem.", EXAMPLES.Problem),
  ...Object.fromEntries(
    Object.entries(PROBLEMS).map(([name, { status, description, example }]) => [
      name,
      {
        ...answerOf(description, example),
        ...(status === 429 ? { headers: { "Retry-After": RETRY_AFTER } } : {}),
      },
    ]),
  ),
};

function answerOf(description: string, example: Problem): Schema {
  return {
    description,
    content: { "application/problem+json": { schema: schemaRef("Problem"), example } },
  };
}

/** The status of a problem, and a reference to it. */
export function problemRef(name: ProblemName): readonly [string, Schema] {
  return [String(PROBLEMS[name].status), { $ref: `#/components/responses/${name}` }];
}
