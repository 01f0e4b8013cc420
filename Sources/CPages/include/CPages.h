#ifndef TDR_CPAGES_H
#define TDR_CPAGES_H

#include <stddef.h>

// One file of the web pages, embedded: a template, a script, the style, the texts.
typedef struct {
    const char *name;
    const unsigned char *bytes;
    size_t count;
} tdr_page_file;

// All of them.
const tdr_page_file *tdr_page_files(void);
size_t tdr_page_files_count(void);

#endif
