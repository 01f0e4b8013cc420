// The compression function of SHA-256 (FIPS 180-4) for WebAssembly: scripts/make-sha256-wasm.sh compiles it.
// JavaScript writes the state, the constants and whole blocks into the memory, and reads the state back.

typedef unsigned int word;
typedef unsigned char byte;

enum { BUFFER = 1 << 20 };

static word state[8];
static word constants[64];
static byte buffer[BUFFER];

__attribute__((export_name("state"))) word *state_place(void) { return state; }
__attribute__((export_name("constants"))) word *constants_place(void) { return constants; }
__attribute__((export_name("buffer"))) byte *buffer_place(void) { return buffer; }
__attribute__((export_name("bufferSize"))) int buffer_size(void) { return BUFFER; }

static inline word right(word x, int n) { return x >> n | x << (32 - n); }

__attribute__((export_name("blocks"))) void blocks(int count) {
    const byte *p = buffer;
    word h0 = state[0], h1 = state[1], h2 = state[2], h3 = state[3];
    word h4 = state[4], h5 = state[5], h6 = state[6], h7 = state[7];
    for (; count > 0; count--, p += 64) {
        word w[16];
        for (int i = 0; i < 16; i++) {
            w[i] = __builtin_bswap32(*(const word *)(p + 4 * i));
        }
        word a = h0, b = h1, c = h2, d = h3, e = h4, f = h5, g = h6, h = h7;
#pragma clang loop unroll(full)
        for (int i = 0; i < 64; i++) {
            if (i >= 16) {
                word x = w[(i - 15) & 15], y = w[(i - 2) & 15];
                w[i & 15] += w[(i - 7) & 15] + (right(x, 7) ^ right(x, 18) ^ x >> 3) + (right(y, 17) ^ right(y, 19) ^ y >> 10);
            }
            word t1 = h + (right(e, 6) ^ right(e, 11) ^ right(e, 25)) + (g ^ (e & (f ^ g))) + constants[i] + w[i & 15];
            word t2 = (right(a, 2) ^ right(a, 13) ^ right(a, 22)) + ((a & b) | (c & (a | b)));
            h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
        }
        h0 += a, h1 += b, h2 += c, h3 += d, h4 += e, h5 += f, h6 += g, h7 += h;
    }
    state[0] = h0, state[1] = h1, state[2] = h2, state[3] = h3;
    state[4] = h4, state[5] = h5, state[6] = h6, state[7] = h7;
}
