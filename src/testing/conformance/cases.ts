import { appSyncCases } from "./app_sync_cases.ts";
import { commitCases } from "./commit_cases.ts";
import { copyCases } from "./copy_cases.ts";
import { damageCases } from "./damage_cases.ts";
import { deviceCases } from "./device_cases.ts";
import { fleetCases } from "./fleet_cases.ts";
import { generationCases } from "./generation_cases.ts";
import type { ConformanceCase } from "./harness.ts";
import { isolationCases } from "./isolation_cases.ts";
import { keyCases } from "./key_cases.ts";
import { leaseCases } from "./lease_cases.ts";
import { lidMappingCases } from "./lid_mapping_cases.ts";
import { lifecycleCases } from "./lifecycle_cases.ts";
import { limitCases } from "./limit_cases.ts";
import { memberCases } from "./member_cases.ts";
import { messageCases } from "./message_cases.ts";
import { modelCases } from "./model_cases.ts";
import { mutationMacCases } from "./mutation_mac_cases.ts";
import { ownerCases } from "./owner_cases.ts";
import { preKeyCases } from "./pre_key_cases.ts";
import { relationCases } from "./relation_cases.ts";
import { rowListingCases } from "./row_listing_cases.ts";
import { segmentCases } from "./segment_cases.ts";
import { senderKeyMarkCases } from "./sender_key_mark_cases.ts";
import { setAsideCases } from "./set_aside_cases.ts";
import { signalRecordCases } from "./signal_record_cases.ts";
import { signalUserCases } from "./signal_user_cases.ts";
import { tcTokenCases } from "./tc_token_cases.ts";
import { validationCases } from "./validation_cases.ts";

/** Every rule of the backend contract, as cases that any test runner can run. Names are unique. */
export const conformanceCases: readonly ConformanceCase[] = [
  ...lifecycleCases,
  ...signalRecordCases,
  ...leaseCases,
  ...signalUserCases,
  ...preKeyCases,
  ...appSyncCases,
  ...generationCases,
  ...mutationMacCases,
  ...senderKeyMarkCases,
  ...lidMappingCases,
  ...relationCases,
  ...tcTokenCases,
  ...memberCases,
  ...messageCases,
  ...segmentCases,
  ...rowListingCases,
  ...deviceCases,
  ...setAsideCases,
  ...commitCases,
  ...ownerCases,
  ...fleetCases,
  ...isolationCases,
  ...keyCases,
  ...limitCases,
  ...validationCases,
  ...copyCases,
  ...damageCases,
  ...modelCases,
];
