#include "CYara.h"

#include <stdlib.h>
#include <string.h>
#include <yara.h>

int tdr_yara_initialize(void) { return yr_initialize(); }

const char *tdr_yara_version(void) { return YR_VERSION; }

const char *tdr_yara_reason(int code) {
    switch (code) {
        case ERROR_SUCCESS: return "no error";
        case ERROR_INSUFFICIENT_MEMORY: return "memory is short";
        case ERROR_COULD_NOT_OPEN_FILE: return "the file cannot be opened";
        case ERROR_COULD_NOT_MAP_FILE:
        case ERROR_COULD_NOT_READ_FILE: return "the file cannot be read";
        case ERROR_INVALID_FILE: return "the file holds no compiled rules";
        case ERROR_CORRUPT_FILE: return "the file of compiled rules is damaged";
        case ERROR_UNSUPPORTED_FILE_VERSION: return "the rules were compiled by another version of libyara";
        case ERROR_SCAN_TIMEOUT: return "the time for one file ran out";
        case ERROR_TOO_MANY_SCAN_THREADS: return "too many scans at once";
        case ERROR_TOO_MANY_MATCHES: return "too many matches";
        case ERROR_WRITING_FILE: return "the file cannot be written";
        case ERROR_EXEC_STACK_OVERFLOW: return "a condition of the rules needs too much stack";
        default: return "libyara gives no reason";
    }
}

struct tdr_yara_compiler {
    YR_COMPILER *compiler;
    void *context;
    tdr_yara_report report;
    tdr_yara_include include;
};

static void told(int level, const char *file, int line, const YR_RULE *rule, const char *message, void *data) {
    (void)rule;
    tdr_yara_compiler *me = data;
    me->report(me->context, level, file, line, message);
}

static const char *included(const char *name, const char *by, const char *name_space, void *data) {
    (void)name_space;
    tdr_yara_compiler *me = data;
    return me->include(me->context, name, by);
}

static void release(const char *text, void *data) {
    (void)data;
    free((void *)text);
}

tdr_yara_compiler *tdr_yara_compiler_new(void *context, tdr_yara_report report, tdr_yara_include include) {
    tdr_yara_compiler *me = calloc(1, sizeof *me);
    if (me == NULL) return NULL;
    me->context = context;
    me->report = report;
    me->include = include;
    if (yr_compiler_create(&me->compiler) != ERROR_SUCCESS) {
        free(me);
        return NULL;
    }
    yr_compiler_set_callback(me->compiler, told, me);
    yr_compiler_set_include_callback(me->compiler, included, release, me);
    if (yr_compiler_define_string_variable(me->compiler, "filename", "") != ERROR_SUCCESS ||
        yr_compiler_define_string_variable(me->compiler, "filepath", "") != ERROR_SUCCESS ||
        yr_compiler_define_string_variable(me->compiler, "extension", "") != ERROR_SUCCESS) {
        tdr_yara_compiler_free(me);
        return NULL;
    }
    return me;
}

int tdr_yara_compiler_add(tdr_yara_compiler *me, const char *text, const char *name_space) {
    return yr_compiler_add_string(me->compiler, text, name_space);
}

tdr_yara_rules *tdr_yara_compiler_rules(tdr_yara_compiler *me) {
    YR_RULES *rules = NULL;
    return yr_compiler_get_rules(me->compiler, &rules) == ERROR_SUCCESS ? (tdr_yara_rules *)rules : NULL;
}

void tdr_yara_compiler_free(tdr_yara_compiler *me) {
    yr_compiler_destroy(me->compiler);
    free(me);
}

int tdr_yara_rules_save(tdr_yara_rules *rules, const char *path) { return yr_rules_save((YR_RULES *)rules, path); }

int tdr_yara_rules_load(const char *path, tdr_yara_rules **rules) { return yr_rules_load(path, (YR_RULES **)rules); }

int tdr_yara_rules_count(const tdr_yara_rules *rules) {
    const YR_RULES *compiled = (const YR_RULES *)rules;
    YR_RULE *rule;
    int count = 0;
    yr_rules_foreach(compiled, rule) count++;
    return count;
}

void tdr_yara_rules_free(tdr_yara_rules *rules) { yr_rules_destroy((YR_RULES *)rules); }

// A scan is pushed: libyara pulls windows from an iterator, and may be left in the middle of it and be called again
// (ERROR_BLOCK_NOT_READY). So one window is handed over at each call. When all have been, the iterator walks the file
// once more for those conditions that read bytes at some place; then windows come from `read`.
enum phase { idle, pushing, ended, evaluating };

struct tdr_yara_scan {
    YR_RULES *rules;
    YR_SCANNER *scanner;
    int timeout;
    enum phase phase;
    YR_MEMORY_BLOCK_ITERATOR iterator;
    YR_MEMORY_BLOCK block;
    const uint8_t *pushed;
    uint8_t *reread;
    uint64_t reread_base;
    size_t reread_count;
    size_t window;
    uint64_t size;
    int whole;
    void *context;
    tdr_yara_read read;
    void *hit_context;
    tdr_yara_hit hit;
    int overflowed;
    int unreadable;
};

static const uint8_t *fetch(YR_MEMORY_BLOCK *block) {
    tdr_yara_scan *me = block->context;
    if (me->phase != evaluating) return me->pushed;
    if (me->reread == NULL && (me->reread = malloc(me->window)) == NULL) return NULL;
    if (me->reread_count != block->size || me->reread_base != block->base) {
        me->reread_count = 0;
        if (me->read(me->context, me->reread, block->size, block->base) != (int64_t)block->size) {
            me->unreadable = 1;
            return NULL;
        }
        me->reread_base = block->base;
        me->reread_count = block->size;
    }
    return me->reread;
}

static YR_MEMORY_BLOCK *at(tdr_yara_scan *me, uint64_t base) {
    me->iterator.last_error = ERROR_SUCCESS;
    if (base >= me->size) return NULL;
    me->block.base = base;
    me->block.size = me->size - base < me->window ? (size_t)(me->size - base) : me->window;
    return &me->block;
}

static YR_MEMORY_BLOCK *next(YR_MEMORY_BLOCK_ITERATOR *iterator) {
    tdr_yara_scan *me = iterator->context;
    if (me->phase == evaluating) return at(me, me->block.base + me->block.size);
    if (me->pushed != NULL && me->block.fetch_data == NULL) {
        me->block.fetch_data = fetch;
        iterator->last_error = ERROR_SUCCESS;
        return &me->block;
    }
    if (me->phase == ended) {
        me->phase = evaluating;
        iterator->last_error = ERROR_SUCCESS;
    } else {
        iterator->last_error = ERROR_BLOCK_NOT_READY;
    }
    return NULL;
}

static YR_MEMORY_BLOCK *first(YR_MEMORY_BLOCK_ITERATOR *iterator) {
    tdr_yara_scan *me = iterator->context;
    return me->phase == evaluating ? at(me, 0) : next(iterator);
}

static uint64_t file_size(YR_MEMORY_BLOCK_ITERATOR *iterator) { return ((tdr_yara_scan *)iterator->context)->size; }

static int matched(YR_SCAN_CONTEXT *scanner, int message, void *data, void *user) {
    (void)scanner;
    tdr_yara_scan *me = user;
    if (message == CALLBACK_MSG_RULE_MATCHING) {
        const YR_RULE *rule = data;
        if (me->hit != NULL) me->hit(me->hit_context, rule->ns->name, rule->identifier);
    } else if (message == CALLBACK_MSG_TOO_MANY_MATCHES) {
        me->overflowed = 1;
    }
    return CALLBACK_CONTINUE;
}

static int make_scanner(tdr_yara_scan *me) {
    int code = yr_scanner_create(me->rules, &me->scanner);
    if (code != ERROR_SUCCESS) return code;
    yr_scanner_set_callback(me->scanner, matched, me);
    yr_scanner_set_timeout(me->scanner, me->timeout);
    // The bytes are in memory of our own, so there is no fault of a mapping to catch with a signal handler.
    yr_scanner_set_flags(
        me->scanner, SCAN_FLAGS_NO_TRYCATCH | SCAN_FLAGS_FAST_MODE | SCAN_FLAGS_REPORT_RULES_MATCHING);
    return ERROR_SUCCESS;
}

tdr_yara_scan *tdr_yara_scan_new(tdr_yara_rules *rules, size_t window, int timeout) {
    tdr_yara_scan *me = calloc(1, sizeof *me);
    if (me == NULL) return NULL;
    me->rules = (YR_RULES *)rules;
    me->window = window;
    me->timeout = timeout;
    me->block.context = me;
    me->iterator = (YR_MEMORY_BLOCK_ITERATOR){
        .context = me, .first = first, .next = next, .file_size = file_size, .last_error = ERROR_SUCCESS};
    if (make_scanner(me) != ERROR_SUCCESS) {
        free(me);
        return NULL;
    }
    return me;
}

int tdr_yara_scan_begin(tdr_yara_scan *me, uint64_t size, const char *filename, const char *filepath,
                        const char *extension, void *context, tdr_yara_read read) {
    int code = me->scanner == NULL ? make_scanner(me) : ERROR_SUCCESS;
    if (code != ERROR_SUCCESS) return code;
    me->phase = pushing;
    me->size = size;
    me->context = context;
    me->read = read;
    me->pushed = NULL;
    me->reread_count = 0;
    me->overflowed = me->unreadable = me->whole = 0;
    me->iterator.last_error = ERROR_SUCCESS;
    const char *names[] = {"filename", "filepath", "extension"};
    const char *values[] = {filename, filepath, extension};
    for (int i = 0; i < 3; i++) {
        code = yr_scanner_define_string_variable(me->scanner, names[i], values[i]);
        // A set that does not use a name does not know it.
        if (code != ERROR_SUCCESS && code != ERROR_INVALID_ARGUMENT) return code;
    }
    return ERROR_SUCCESS;
}

int tdr_yara_scan_window(tdr_yara_scan *me, const void *bytes, size_t count, uint64_t base) {
    if (count == 0) return ERROR_SUCCESS;
    me->pushed = bytes;
    me->block.base = base;
    me->block.size = count;
    if (base == 0 && count == me->size) {
        // The whole file at once: evaluated with these bytes when it is finished.
        me->whole = 1;
        return ERROR_SUCCESS;
    }
    me->block.fetch_data = NULL;
    int code = yr_scanner_scan_mem_blocks(me->scanner, &me->iterator);
    me->pushed = NULL;
    return code == ERROR_BLOCK_NOT_READY ? ERROR_SUCCESS : code;
}

int tdr_yara_scan_finish(tdr_yara_scan *me, void *context, tdr_yara_hit hit, int *overflowed) {
    me->hit = hit;
    me->hit_context = context;
    int code;
    if (me->size == 0) {
        code = yr_scanner_scan_mem(me->scanner, (const uint8_t *)"", 0);
    } else if (me->whole) {
        code = yr_scanner_scan_mem(me->scanner, me->pushed, me->block.size);
    } else {
        me->phase = ended;
        me->block.fetch_data = fetch;
        me->pushed = NULL;
        code = yr_scanner_scan_mem_blocks(me->scanner, &me->iterator);
    }
    if (code == ERROR_SUCCESS && me->unreadable) code = ERROR_COULD_NOT_READ_FILE;
    me->hit = NULL;
    me->pushed = NULL;
    me->phase = idle;
    *overflowed = me->overflowed;
    if (code != ERROR_SUCCESS) tdr_yara_scan_abandon(me);
    return code;
}

void tdr_yara_scan_abandon(tdr_yara_scan *me) {
    // A scan in the middle of a file cannot be taken back.
    if (me->scanner != NULL) yr_scanner_destroy(me->scanner);
    me->scanner = NULL;
    me->phase = idle;
}

void tdr_yara_scan_free(tdr_yara_scan *me) {
    tdr_yara_scan_abandon(me);
    free(me->reread);
    free(me);
}
