#include "CSignatures.h"

alignas(64) static const unsigned char signatures[] = {
#embed "default.signatures"
};

const unsigned char *tdr_default_signatures(void) { return signatures; }

size_t tdr_default_signatures_count(void) { return sizeof signatures; }

static const unsigned char policy[] = {
#embed "format-policy.json"
};

const unsigned char *tdr_format_policy(void) { return policy; }

size_t tdr_format_policy_count(void) { return sizeof policy; }

static const unsigned char advice[] = {
#embed "advice.json"
};

const unsigned char *tdr_advice(void) { return advice; }

size_t tdr_advice_count(void) { return sizeof advice; }

static const unsigned char rules[] = {
#embed "default.yar"
};

const unsigned char *tdr_yara_rules_text(void) { return rules; }

size_t tdr_yara_rules_text_count(void) { return sizeof rules; }

static const unsigned char schema[] = {
#embed "../../share/tdr/metadata-schema.json"
};

const unsigned char *tdr_metadata_schema(void) { return schema; }

size_t tdr_metadata_schema_count(void) { return sizeof schema; }
