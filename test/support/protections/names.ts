/**
 * What happens without each of them:
 *
 * - `generationCheck`: a flush cleans what it collected, even if it has changed since.
 * - `gate`: a put past the lease does not wait for its commit.
 * - `fastForward`: a load of another incarnation's record burns nothing.
 * - `rewindRefusal`: a put may go back on its chain.
 * - `preKeyCoupling`: a pre-key is removed without waiting for its session.
 * - `sendRefusal`: a message's key is taken though it cannot be published.
 * - `failedGate`: keys of messages that could not be published do not count as burned.
 * - `ownerEpoch`: randomness alone tells incarnations apart, and it may repeat.
 * - `tokenCheck`: owner tokens do not name the epoch, and one that is stored already counts as one's own.
 * - `staleRead`: a cold read may bring back what was replaced while it was under way.
 * - `strandedState`: state under the phone number of a known LID is not looked for.
 * - `mappingMove`: a mapping is stored without the state of its user.
 * - `ownPair`: a mapping of which one end is ours is learnt.
 * - `senderKeyMerge`: of two sender keys of one owner the LID's is kept and the other one dropped.
 * - `senderKeyMarks`: our sender key is given up without the marks of those who hold it.
 * - `identityWipe`: a list of another identity changes the list and leaves the companions' sessions.
 * - `listTimestamp`: a device list that is older than the stored one counts.
 * - `storedPreKeys`: ids of pre-keys that are stored are not skipped.
 * - `identityConflict`: a commit may give a paired device another identity key.
 * - `epochBump`: a commit whose answer was lost is sent again under the same epoch.
 */
export const PROTECTIONS = [
  "generationCheck",
  "gate",
  "fastForward",
  "rewindRefusal",
  "preKeyCoupling",
  "sendRefusal",
  "failedGate",
  "ownerEpoch",
  "tokenCheck",
  "staleRead",
  "strandedState",
  "mappingMove",
  "ownPair",
  "senderKeyMerge",
  "senderKeyMarks",
  "identityWipe",
  "listTimestamp",
  "storedPreKeys",
  "identityConflict",
  "epochBump",
] as const;

export type Protection = (typeof PROTECTIONS)[number];
