import { ServiceError } from "../../../service/mod.ts";
import { CommandError } from "../command_error.ts";

/** Awaits what a command asks. A failure becomes one that the console answers with its message. */
export async function told<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new ServiceError(error.exit === "absent" ? "not-found" : "unanswered", error.message, {
      cause: error,
    });
  }
}
