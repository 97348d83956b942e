/** The Worker that serves accounts, and counts requests to objects and rows of account objects. */
import worker, {
  AccountDurableObject as HostedAccount,
  RegistryDurableObject as Registry,
} from "../../src/cloudflare/main.ts";
import { countRows, takeCounts } from "./counted_rows.ts";

const requests = { account: 0, registry: 0 };

export class AccountDurableObject extends HostedAccount {
  constructor(...[ctx, env]: ConstructorParameters<typeof HostedAccount>) {
    countRows(ctx.storage as never);
    super(ctx, env);
  }

  override fetch(request: Request): Promise<Response> {
    requests.account += 1;
    return super.fetch(request);
  }
}

export class RegistryDurableObject extends Registry {
  override fetch(request: Request): Promise<Response> {
    requests.registry += 1;
    return super.fetch(request);
  }
}

type Bindings = Parameters<typeof worker.fetch>[1];

export default {
  async fetch(request: Request, env: Bindings): Promise<Response> {
    if (new URL(request.url).pathname !== "/test/counts") return await worker.fetch(request, env);
    const taken = { ...takeCounts(), ...requests };
    Object.assign(requests, { account: 0, registry: 0 });
    return Response.json(taken);
  },
};
