import type { LookedDatabase } from "../../../console/mod.ts";
import { IncompatibleError } from "../../../errors/mod.ts";
import type { DatabaseTarget } from "../targets/database_target.ts";
import type { FileTarget } from "../targets/file_target.ts";
import { told } from "./told.ts";

/** A database as the console looks at it. Each look is a connection of its own. */
export function lookedDatabase(target: FileTarget | DatabaseTarget): LookedDatabase {
  return {
    hasKeys: target.hasKeys,
    async look() {
      const looking = await told(target.look());
      const { overview, schema } = looking;
      if (overview === undefined || schema === undefined) {
        await looking[Symbol.asyncDispose]();
        throw new IncompatibleError("look at database: it is none");
      }
      return {
        schema,
        stored: overview,
        reads: (account) => looking.reads(account),
        [Symbol.asyncDispose]: () => looking[Symbol.asyncDispose](),
      };
    },
  };
}
