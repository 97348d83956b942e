import { IncompatibleError } from "../errors/mod.ts";
import { nodeCrypto, webCrypto } from "./host_crypto.ts";
import { nodeSealer } from "./node_sealer.ts";
import type { Sealer } from "./sealer.ts";
import { webSealer } from "./web_sealer.ts";

/** The fastest sealer of the host. @throws {IncompatibleError} When it has none. */
export function systemSealer(): Sealer {
  const node = nodeCrypto();
  if (node !== undefined) return nodeSealer(node);
  const web = webCrypto();
  if (web !== undefined) return webSealer(web);
  throw new IncompatibleError("seal values: the runtime has neither node:crypto nor WebCrypto");
}
