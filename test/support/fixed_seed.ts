/**
 * Random tests of a mutation run: the same values in each run, so that its score does not change, and no search
 * for a smaller example.
 *
 * @module
 */

import fc from "fast-check";

fc.configureGlobal({ seed: 1, endOnFailure: true });
