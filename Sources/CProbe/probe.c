#include "CProbe.h"

#include <string.h>

// The exact rule, one place at a time: also what the fast paths must agree with.
static inline uint32_t buckets_at(const tdr_probe *probe, const uint8_t *bytes, size_t at, size_t count) {
    uint32_t accepted = 0xFF;
    for (size_t column = 0; column < 3 && at + column < count; column++) {
        uint8_t byte = bytes[at + column];
        accepted &= probe->low[column][byte & 15] & probe->high[column][byte >> 4];
    }
    return accepted;
}

static size_t scan_plain(const tdr_probe *probe, const uint8_t *bytes, size_t from, size_t end, size_t count,
                         tdr_probe_hit *hits, size_t found, size_t capacity, size_t *next) {
    size_t at = from;
    for (; at < end && found < capacity; at++) {
        uint32_t accepted = buckets_at(probe, bytes, at, count);
        if (accepted) hits[found++] = (tdr_probe_hit){(uint32_t)at, accepted};
    }
    *next = at;
    return found;
}

#if defined(__x86_64__)
#include <immintrin.h>

// 32 places a step. Stops early when the next step could overflow `hits`.
__attribute__((target("avx2"))) static size_t scan_avx2(const tdr_probe *probe, const uint8_t *bytes, size_t from,
                                                        size_t count, tdr_probe_hit *hits, size_t capacity,
                                                        size_t *next) {
    __m256i low[3], high[3];
    for (int column = 0; column < 3; column++) {
        low[column] = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)probe->low[column]));
        high[column] = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)probe->high[column]));
    }
    const __m256i nibble = _mm256_set1_epi8(15);
    const __m256i zero = _mm256_setzero_si256();
    size_t at = from, found = 0;
    while (at + 34 <= count && found + 32 <= capacity) {
        __m256i accepted = _mm256_set1_epi8(-1);
        for (int column = 0; column < 3; column++) {
            __m256i block = _mm256_loadu_si256((const __m256i *)(bytes + at + column));
            __m256i lows = _mm256_shuffle_epi8(low[column], _mm256_and_si256(block, nibble));
            __m256i highs =
                _mm256_shuffle_epi8(high[column], _mm256_and_si256(_mm256_srli_epi16(block, 4), nibble));
            accepted = _mm256_and_si256(accepted, _mm256_and_si256(lows, highs));
        }
        uint32_t places = ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(accepted, zero));
        if (places) {
            uint8_t sets[32];
            _mm256_storeu_si256((__m256i *)sets, accepted);
            do {
                unsigned place = (unsigned)__builtin_ctz(places);
                places &= places - 1;
                hits[found++] = (tdr_probe_hit){(uint32_t)(at + place), sets[place]};
            } while (places);
        }
        at += 32;
    }
    *next = at;
    return found;
}

static int has_avx2(void) { return __builtin_cpu_supports("avx2"); }

#elif defined(__aarch64__)
#include <arm_neon.h>

// 16 places a step.
static size_t scan_neon(const tdr_probe *probe, const uint8_t *bytes, size_t from, size_t count,
                        tdr_probe_hit *hits, size_t capacity, size_t *next) {
    size_t at = from, found = 0;
    const uint8x16_t nibble = vdupq_n_u8(15);
    while (at + 18 <= count && found + 16 <= capacity) {
        uint8x16_t accepted = vdupq_n_u8(255);
        for (int column = 0; column < 3; column++) {
            uint8x16_t block = vld1q_u8(bytes + at + column);
            uint8x16_t lows = vqtbl1q_u8(vld1q_u8(probe->low[column]), vandq_u8(block, nibble));
            uint8x16_t highs = vqtbl1q_u8(vld1q_u8(probe->high[column]), vshrq_n_u8(block, 4));
            accepted = vandq_u8(accepted, vandq_u8(lows, highs));
        }
        if (vmaxvq_u8(accepted)) {
            uint8_t sets[16];
            vst1q_u8(sets, accepted);
            for (unsigned place = 0; place < 16; place++)
                if (sets[place]) hits[found++] = (tdr_probe_hit){(uint32_t)(at + place), sets[place]};
        }
        at += 16;
    }
    *next = at;
    return found;
}
#endif

size_t tdr_probe_scan(const tdr_probe *probe, const uint8_t *bytes, size_t from, size_t count,
                      tdr_probe_hit *hits, size_t capacity, size_t *next) {
    size_t at = from, found = 0;
#if defined(__x86_64__)
    if (has_avx2()) found = scan_avx2(probe, bytes, from, count, hits, capacity, &at);
#elif defined(__aarch64__)
    found = scan_neon(probe, bytes, from, count, hits, capacity, &at);
#endif
    // The last places, or everything where the processor offers no byte shuffle. A fast path that stopped
    // because `hits` is nearly full leaves the rest to the next call.
    size_t end = count;
    if (found + 32 > capacity && at < count) {
        *next = at;
        if (found) return found;
    }
    return scan_plain(probe, bytes, at, end, count, hits, found, capacity, next);
}
