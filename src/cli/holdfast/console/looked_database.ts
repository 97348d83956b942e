import type { LookedDatabase } from "../../../console/mod.ts";
import { IncompatibleError } from "../../../errors/mod.ts";
import type { StoredTarget } from "../targets/target.ts";
import { told } from "./told.ts";

/** A database as the console looks at it. Each look is a connection of its own. */
export function lookedDatabase(target: StoredTarget): LookedDatabase {
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
