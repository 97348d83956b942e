import { defineConfig } from "vitest/config";
import { BaseSequencer } from "vitest/node";

/**
 * The test named as the mutated file first, random tests last: the first failure ends a mutant, and most of its
 * time is the import of test files.
 */
class LikeliestFirst extends BaseSequencer {
  /**
   * @override
   * @param {import("vitest/node").TestSpecification[]} files
   */
  async sort(files) {
    const mutated = (this.ctx.config.related ?? []).map((file) => file.replace(/\.ts$/, "_test.ts"));
    const rank = (/** @type {import("vitest/node").TestSpecification} */ { moduleId }) => {
      if (mutated.includes(moduleId)) return 0;
      return /_(random|model)_test\.ts$|\/random_test\.ts$/.test(moduleId) ? 2 : 1;
    };
    return files.toSorted((one, other) => rank(one) - rank(other));
  }
}

/** Tests of `npm run mutation`: see tools/lib/mutation_set.mjs. */
export default defineConfig({
  test: {
    environment: "node",
    include: ["src/**/*_test.ts"],
    isolate: false,
    sequence: { sequencer: LikeliestFirst },
    setupFiles: ["test/support/fixed_seed.ts"],
    // A mutant that lets a test hang is killed by this.
    testTimeout: 5_000,
    hookTimeout: 5_000,
    provide: { dose: "short" },
  },
});
