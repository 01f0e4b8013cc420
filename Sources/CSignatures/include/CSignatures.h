#ifndef TDR_CSIGNATURES_H
#define TDR_CSIGNATURES_H

#include <stddef.h>

// The default signatures in compiled form, made by scripts/make-signatures.sh; mapped with the program.
const unsigned char *tdr_default_signatures(void);
size_t tdr_default_signatures_count(void);

// Which formats are refused, as JSON.
const unsigned char *tdr_format_policy(void);
size_t tdr_format_policy_count(void);

// What to do about each finding, as JSON.
const unsigned char *tdr_advice(void);
size_t tdr_advice_count(void);

// Our own YARA rules, as text.
const unsigned char *tdr_yara_rules_text(void);
size_t tdr_yara_rules_text_count(void);

// The properties of files and their rules, as JSON Schema: share/tdr/metadata-schema.json.
const unsigned char *tdr_metadata_schema(void);
size_t tdr_metadata_schema_count(void);

#endif
