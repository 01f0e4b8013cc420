#include <zlib.h>

// inflateInit2 is a macro, which Swift cannot call: raw deflate data, no header (RFC 1951).
static inline int tdr_inflate_init_raw(z_stream *stream) { return inflateInit2(stream, -15); }

// The same for data with a gzip header (RFC 1952).
static inline int tdr_inflate_init_gzip(z_stream *stream) { return inflateInit2(stream, 31); }
