import { test } from "vitest";
import { webCrypto } from "../../src/sealing/host_crypto.ts";
import { webSealer } from "../../src/sealing/web_sealer.ts";
import { dose } from "../support/dose.ts";
import { derivedCases } from "./connected_cases.ts";
import { sealedFileTarget } from "./libsql.ts";
import { registerTargets } from "./register.ts";
import { sealedRemoteTarget } from "./remote.ts";
import { sealedMemoryTarget, valueCases } from "./sealed.ts";

const web = webCrypto();
if (web === undefined) throw new TypeError("this runtime has no WebCrypto");

registerTargets([sealedMemoryTarget("memory, sealed")], test, {
  cases: dose({ short: derivedCases, long: undefined }),
});
// Another database, a service that cannot read what it keeps, and a cipher that answers later. Its own tests
// compare it with the first.
registerTargets(
  [sealedMemoryTarget("memory, sealed by WebCrypto", webSealer(web)), sealedFileTarget, sealedRemoteTarget],
  test,
  { cases: dose({ short: valueCases, long: undefined }) },
);
