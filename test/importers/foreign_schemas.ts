/** Tables of other programs, as far as the importers and exporters know them. Without indexes. */

export const WHATSMEOW: readonly string[] = [
  `CREATE TABLE whatsmeow_device (
    jid TEXT PRIMARY KEY, lid TEXT, registration_id BIGINT NOT NULL,
    noise_key BLOB NOT NULL CHECK (length(noise_key) = 32), identity_key BLOB NOT NULL CHECK (length(identity_key) = 32),
    signed_pre_key BLOB NOT NULL CHECK (length(signed_pre_key) = 32), signed_pre_key_id INTEGER NOT NULL,
    signed_pre_key_sig BLOB NOT NULL CHECK (length(signed_pre_key_sig) = 64),
    adv_key BLOB NOT NULL, adv_details BLOB NOT NULL, adv_account_sig BLOB NOT NULL, adv_account_sig_key BLOB NOT NULL,
    adv_device_sig BLOB NOT NULL, platform TEXT NOT NULL DEFAULT '', business_name TEXT NOT NULL DEFAULT '',
    push_name TEXT NOT NULL DEFAULT '', lid_migration_ts BIGINT NOT NULL DEFAULT 0)`,
  `CREATE TABLE whatsmeow_identity_keys (
    our_jid TEXT REFERENCES whatsmeow_device(jid), their_id TEXT, identity BLOB NOT NULL CHECK (length(identity) = 32),
    PRIMARY KEY (our_jid, their_id))`,
  `CREATE TABLE whatsmeow_pre_keys (
    jid TEXT REFERENCES whatsmeow_device(jid), key_id INTEGER, key BLOB NOT NULL CHECK (length(key) = 32),
    uploaded BOOLEAN NOT NULL, PRIMARY KEY (jid, key_id))`,
  `CREATE TABLE whatsmeow_sessions (
    our_jid TEXT REFERENCES whatsmeow_device(jid), their_id TEXT, session BLOB, PRIMARY KEY (our_jid, their_id))`,
  `CREATE TABLE whatsmeow_sender_keys (
    our_jid TEXT REFERENCES whatsmeow_device(jid), chat_id TEXT, sender_id TEXT, sender_key BLOB NOT NULL,
    PRIMARY KEY (our_jid, chat_id, sender_id))`,
  `CREATE TABLE whatsmeow_app_state_sync_keys (
    jid TEXT, key_id BLOB, key_data BLOB NOT NULL, timestamp BIGINT NOT NULL, fingerprint BLOB NOT NULL,
    PRIMARY KEY (jid, key_id))`,
  `CREATE TABLE whatsmeow_app_state_version (
    jid TEXT, name TEXT, version BIGINT NOT NULL, hash BLOB NOT NULL CHECK (length(hash) = 128), PRIMARY KEY (jid, name))`,
  `CREATE TABLE whatsmeow_app_state_mutation_macs (
    jid TEXT, name TEXT, version BIGINT, index_mac BLOB CHECK (length(index_mac) = 32),
    value_mac BLOB NOT NULL CHECK (length(value_mac) = 32), PRIMARY KEY (jid, name, version, index_mac),
    FOREIGN KEY (jid, name) REFERENCES whatsmeow_app_state_version(jid, name))`,
  `CREATE TABLE whatsmeow_contacts (our_jid TEXT, their_jid TEXT, full_name TEXT, PRIMARY KEY (our_jid, their_jid))`,
  `CREATE TABLE whatsmeow_privacy_tokens (
    our_jid TEXT, their_jid TEXT, token BLOB NOT NULL, timestamp BIGINT NOT NULL, sender_timestamp BIGINT,
    PRIMARY KEY (our_jid, their_jid))`,
  `CREATE TABLE whatsmeow_nct_salt (our_jid TEXT PRIMARY KEY, salt BLOB NOT NULL)`,
  `CREATE TABLE whatsmeow_lid_map (lid TEXT PRIMARY KEY, pn TEXT UNIQUE NOT NULL)`,
];

export const WHATSAPP_RUST: readonly string[] = [
  `CREATE TABLE device (
    id INTEGER PRIMARY KEY, lid TEXT NOT NULL, pn TEXT NOT NULL, registration_id INTEGER NOT NULL,
    noise_key BLOB NOT NULL, identity_key BLOB NOT NULL, signed_pre_key BLOB NOT NULL,
    signed_pre_key_id INTEGER NOT NULL, signed_pre_key_signature BLOB NOT NULL, adv_secret_key BLOB NOT NULL,
    account BLOB, push_name TEXT NOT NULL DEFAULT '', app_version_primary INTEGER NOT NULL DEFAULT 0,
    app_version_secondary INTEGER NOT NULL DEFAULT 0, app_version_tertiary BIGINT NOT NULL DEFAULT 0,
    app_version_last_fetched_ms BIGINT NOT NULL DEFAULT 0, edge_routing_info BLOB, props_hash TEXT,
    next_pre_key_id INTEGER NOT NULL DEFAULT 0, nct_salt BLOB, server_has_prekeys BOOLEAN NOT NULL DEFAULT FALSE,
    server_cert_chain BLOB)`,
  ...[
    "identities (address TEXT NOT NULL, key BLOB NOT NULL",
    "sessions (address TEXT NOT NULL, record BLOB NOT NULL",
    "prekeys (id INTEGER NOT NULL, key BLOB NOT NULL, uploaded BOOLEAN NOT NULL DEFAULT FALSE",
    "signed_prekeys (id INTEGER NOT NULL, record BLOB NOT NULL",
    "sender_keys (address TEXT NOT NULL, record BLOB NOT NULL",
    "app_state_keys (key_id BLOB NOT NULL, key_data BLOB NOT NULL",
    "app_state_versions (name TEXT NOT NULL, state_data BLOB NOT NULL",
    "app_state_mutation_macs (name TEXT NOT NULL, version BIGINT NOT NULL, index_mac BLOB NOT NULL, value_mac BLOB NOT NULL",
    "lid_pn_mapping (lid TEXT NOT NULL, phone_number TEXT NOT NULL, created_at BIGINT NOT NULL, learning_source TEXT NOT NULL, updated_at BIGINT NOT NULL",
    "device_registry (user_id TEXT NOT NULL, devices_json TEXT NOT NULL, timestamp INTEGER NOT NULL, phash TEXT, updated_at INTEGER NOT NULL, raw_id INTEGER",
    "sender_key_devices (group_jid TEXT NOT NULL, device_jid TEXT NOT NULL, has_key INTEGER NOT NULL DEFAULT 0, updated_at BIGINT NOT NULL",
    "base_keys (address TEXT NOT NULL, message_id TEXT NOT NULL, base_key BLOB NOT NULL, created_at INTEGER NOT NULL",
    "tc_tokens (jid TEXT NOT NULL, token BLOB NOT NULL, token_timestamp BIGINT NOT NULL, sender_timestamp BIGINT, updated_at BIGINT NOT NULL",
    "sent_messages (chat_jid TEXT NOT NULL, message_id TEXT NOT NULL, payload BLOB NOT NULL, created_at BIGINT NOT NULL",
  ].map((table) => `CREATE TABLE ${table}, device_id INTEGER NOT NULL)`),
  "CREATE UNIQUE INDEX one_signed_prekey ON signed_prekeys (id, device_id)",
];

export const ZAPO: readonly string[] = [
  `CREATE TABLE auth_credentials (
    session_id TEXT PRIMARY KEY, noise_pub_key BLOB NOT NULL, noise_priv_key BLOB NOT NULL, registration_id INTEGER NOT NULL,
    identity_pub_key BLOB NOT NULL, identity_priv_key BLOB NOT NULL, signed_prekey_id INTEGER NOT NULL,
    signed_prekey_pub_key BLOB NOT NULL, signed_prekey_priv_key BLOB NOT NULL, signed_prekey_signature BLOB NOT NULL,
    adv_secret_key BLOB NOT NULL, signed_identity BLOB, me_jid TEXT, me_lid TEXT, me_display_name TEXT, platform TEXT,
    server_has_prekeys INTEGER, routing_info BLOB)`,
  "CREATE TABLE signal_meta (session_id TEXT PRIMARY KEY, server_has_prekeys INTEGER NOT NULL, next_prekey_id INTEGER NOT NULL)",
  `CREATE TABLE signal_signed_prekey (
    session_id TEXT PRIMARY KEY, key_id INTEGER NOT NULL, pub_key BLOB NOT NULL, priv_key BLOB NOT NULL,
    signature BLOB NOT NULL, uploaded INTEGER NOT NULL DEFAULT 0)`,
  `CREATE TABLE signal_prekey (
    session_id TEXT, key_id INTEGER, pub_key BLOB NOT NULL, priv_key BLOB NOT NULL, uploaded INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (session_id, key_id))`,
  `CREATE TABLE signal_session (
    session_id TEXT, user TEXT, server TEXT, device INTEGER, record BLOB NOT NULL,
    PRIMARY KEY (session_id, user, server, device))`,
  `CREATE TABLE signal_identity (
    session_id TEXT, user TEXT, server TEXT, device INTEGER, identity_key BLOB NOT NULL,
    PRIMARY KEY (session_id, user, server, device))`,
  `CREATE TABLE bot_sender_keys (
    session_id TEXT, group_id TEXT, sender_user TEXT, sender_server TEXT, sender_device INTEGER, record BLOB NOT NULL,
    PRIMARY KEY (session_id, group_id, sender_user, sender_server, sender_device))`,
  `CREATE TABLE appstate_sync_keys (
    session_id TEXT, key_id BLOB, key_data BLOB NOT NULL, timestamp INTEGER NOT NULL, fingerprint BLOB,
    PRIMARY KEY (session_id, key_id))`,
  `CREATE TABLE appstate_collection_versions (
    session_id TEXT, collection TEXT, version INTEGER NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (session_id, collection))`,
  `CREATE TABLE appstate_collection_index_values (
    session_id TEXT, collection TEXT, index_mac_hex TEXT, value_mac BLOB NOT NULL,
    PRIMARY KEY (session_id, collection, index_mac_hex))`,
  `CREATE TABLE privacy_tokens (
    session_id TEXT, jid TEXT, tc_token BLOB, tc_token_timestamp INTEGER, tc_token_sender_timestamp INTEGER,
    PRIMARY KEY (session_id, jid))`,
  "CREATE TABLE mailbox_contacts (session_id TEXT, jid TEXT, lid TEXT, phone_number TEXT, PRIMARY KEY (session_id, jid))",
  "CREATE TABLE device_list_cache (session_id TEXT, user_jid TEXT, PRIMARY KEY (session_id, user_jid))",
];
