/**
 * `npm run nodes` installs every version of Node of tools/nodes; `npm run nodes -- 24` installs the named
 * one. `npm run test:system` then runs on each, without skipping tests that need a newer Node.
 */

import { installNode, NODE_MAJORS } from "./lib/nodes.mjs";

const wanted = process.argv.slice(2).map(Number);
const unknown = wanted.filter((major) => !NODE_MAJORS.some((known) => known === major));
if (unknown.length > 0)
  throw new RangeError(`install Node: no version ${unknown.join(", ")}; there are ${NODE_MAJORS.join(", ")}`);
for (const major of NODE_MAJORS) {
  if (wanted.length === 0 || wanted.includes(major)) console.log(await installNode(major));
}
