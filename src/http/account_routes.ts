import type { Hono } from "hono";
import {
  type AccountOperation,
  deleteAccount,
  OPERATION_NAMES,
  operationRow,
  runOperation,
} from "../service/mod.ts";
import { admitToAccount } from "./admission.ts";
import type { AppContext } from "./app_context.ts";
import type { AppEnv } from "./app_env.ts";
import { audited } from "./audited.ts";
import { METHOD_OF } from "./method_of.ts";
import { ANSWER_WRITERS, type AnswerWriter } from "./operation_answers.ts";
import { INPUT_READERS, type InputReader } from "./operation_inputs.ts";
import { declaredLength } from "./read_body.ts";

/** Adds a route for each operation on an account. */
export function accountRoutes(app: Hono<AppEnv>, context: AppContext): void {
  for (const operation of OPERATION_NAMES) {
    const row = operationRow(operation);
    const writer: AnswerWriter = ANSWER_WRITERS[row.answers];
    app[METHOD_OF[row.effect]](
      `/v1/accounts/:account${row.path}`,
      admitToAccount(context, row),
      async (c) => {
        const { accounts, limits, host } = context;
        const reader: InputReader = INPUT_READERS[row.takes];
        const maxBytes = reader.limit === undefined ? 0 : limits[reader.limit];
        const [name, registeredAtMs] = [c.get("accountName"), c.get("registeredAtMs")];
        // A body of unknown length may be as large as the largest one.
        const bytes = Math.min(declaredLength(c.req.raw.headers) ?? maxBytes, maxBytes);
        const ticket = accounts.enter?.(name, bytes, row.admin ? undefined : c.get("limits"));
        try {
          const input = await reader.read(c, { maxBytes, host }, ticket?.addItems);
          const carryOut = async (): ReturnType<typeof runOperation> =>
            operation === "deleteAccount"
              ? await deleteAccount(accounts, { name, registeredAtMs })
              : await runOperation(c.get("account"), operation, input);
          const action = actionOf(operation, input);
          const answer = await (action === undefined
            ? carryOut()
            : audited(c.var, context, { action, account: name }, carryOut, {
                joined: row.effect === "read",
              }));
          return writer.respond(c, answer);
        } finally {
          ticket?.leave();
        }
      },
    );
  }
}

/** The name of an operation in the audit list; `undefined` for those that it does not have. */
function actionOf(operation: AccountOperation, input: readonly unknown[]): string | undefined {
  if (operation === "deleteAccount") return "account.delete";
  const [options] = input as readonly [{ readonly unredacted?: boolean }?];
  return operation === "snapshot" && options?.unredacted ? "snapshot.unredacted" : undefined;
}
