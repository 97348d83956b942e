/**
 * `npm run drivers` installs the libraries of tools/drivers, for the tests and the benchmarks of the drivers
 * that need them.
 */

import { installDrivers } from "./lib/drivers.mjs";

for (const folder of await installDrivers()) console.log(`tools/drivers/${folder}`);
