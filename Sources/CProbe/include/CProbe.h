#ifndef TDR_CPROBE_H
#define TDR_CPROBE_H

#include <stddef.h>
#include <stdint.h>

// A finder for many short byte patterns at once ("Teddy", from Hyperscan).
//
// Eight buckets of patterns, three byte columns each. For a column, `low` and
// `high` say by nibble value which buckets (one bit each) accept a byte. A place
// is a hit when some bucket accepts three bytes in a row: it may be a false one,
// never a missed one.
typedef struct {
    uint8_t low[3][16];
    uint8_t high[3][16];
} tdr_probe;

// One place where a pattern may begin, and the buckets it may belong to.
typedef struct {
    uint32_t position;
    uint32_t buckets;
} tdr_probe_hit;

// Looks at the places `from ..< count` of `bytes`; writes up to `capacity` hits in rising order.
// Returns the number of hits and sets `*next` to the first place not looked at (`count` when done).
// Bytes beyond `count` are taken as bytes that every column accepts.
size_t tdr_probe_scan(const tdr_probe *probe, const uint8_t *bytes, size_t from, size_t count,
                      tdr_probe_hit *hits, size_t capacity, size_t *next);

#endif
