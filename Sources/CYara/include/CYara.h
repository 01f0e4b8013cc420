#ifndef TDR_CYARA_H
#define TDR_CYARA_H

#include <stddef.h>
#include <stdint.h>

// What TDR needs of libyara, without its headers, which Swift cannot read.

typedef struct tdr_yara_compiler tdr_yara_compiler;
typedef struct tdr_yara_rules tdr_yara_rules;
typedef struct tdr_yara_scan tdr_yara_scan;

/// yr_initialize(): 0 or libyara's code. Once for the process.
int tdr_yara_initialize(void);

/// The version of the headers we were built with: "4.2.3".
const char *tdr_yara_version(void);

/// libyara's code in words.
const char *tdr_yara_reason(int code);

// Compiling

/// Told of each error (level 0) and warning (1), with the line.
typedef void (*tdr_yara_report)(void *context, int level, const char *file, int line, const char *message);
/// The text of an included file, from malloc, or NULL; `by` is the file that includes it.
typedef char *(*tdr_yara_include)(void *context, const char *name, const char *by);

/// NULL when memory is short. The strings that rule sets expect from outside are defined: filename, filepath, extension.
tdr_yara_compiler *tdr_yara_compiler_new(void *context, tdr_yara_report report, tdr_yara_include include);
/// Adds the rules of a text; the number of errors. After an error the compiler is of no more use.
int tdr_yara_compiler_add(tdr_yara_compiler *compiler, const char *text, const char *name_space);
/// The rules; NULL when memory is short.
tdr_yara_rules *tdr_yara_compiler_rules(tdr_yara_compiler *compiler);
void tdr_yara_compiler_free(tdr_yara_compiler *compiler);

/// Compiled rules in a file: 0 or libyara's code.
int tdr_yara_rules_save(tdr_yara_rules *rules, const char *path);
int tdr_yara_rules_load(const char *path, tdr_yara_rules **rules);
/// How many rules there are.
int tdr_yara_rules_count(const tdr_yara_rules *rules);
void tdr_yara_rules_free(tdr_yara_rules *rules);

// Scanning: one scan for each thread over shared rules.

/// Reads `count` bytes at `offset` into `bytes`; the count, less when there are no more, -1 when they cannot be read.
typedef int64_t (*tdr_yara_read)(void *context, void *bytes, size_t count, uint64_t offset);
/// Told of each rule that matches.
typedef void (*tdr_yara_hit)(void *context, const char *name_space, const char *rule);

/// Windows of `window` bytes; `timeout` seconds for a file. NULL when memory is short.
tdr_yara_scan *tdr_yara_scan_new(tdr_yara_rules *rules, size_t window, int timeout);
/// A new file of `size` bytes. `read` is asked for windows again when a rule's condition wants bytes at some place.
int tdr_yara_scan_begin(tdr_yara_scan *scan, uint64_t size, const char *filename, const char *filepath,
                        const char *extension, void *context, tdr_yara_read read);
/// The next window: `count` bytes that lie at `base`. Windows may overlap; bytes are lent for the call.
int tdr_yara_scan_window(tdr_yara_scan *scan, const void *bytes, size_t count, uint64_t base);
/// Evaluates the rules. 0, or libyara's code: then nothing is known of the file. `*overflowed` is 1 when a string
/// matched too often to be counted.
int tdr_yara_scan_finish(tdr_yara_scan *scan, void *context, tdr_yara_hit hit, int *overflowed);
/// Forgets the file.
void tdr_yara_scan_abandon(tdr_yara_scan *scan);
void tdr_yara_scan_free(tdr_yara_scan *scan);

#endif
