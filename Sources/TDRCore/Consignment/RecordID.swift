import Streams

/// A UUID, 16 bytes held in place.
///
/// The ids of a store follow from one another (RFC 9562 version 8, a SHA-256 value cut to 122 bits): a consignment's
/// from the store's id, its number and its time; a file's from its consignment and its path. So an interrupted upload
/// that starts again gives every file the id, and every object the name, it had before.
public struct RecordID: Hashable, Sendable, CustomStringConvertible {
    private let high: UInt64
    private let low: UInt64

    /// A random id (version 4).
    public static func random() -> RecordID {
        var generator = SystemRandomNumberGenerator()
        let high = generator.next() & ~0xF000 | 0x4000
        let low = generator.next() & ~(0xC000 << 48) | (0x8000 << 48)
        return RecordID(high: high, low: low)
    }

    private init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Takes 16 bytes; nil for any other number.
    public init?(bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        (high, low) = bytes.withUnsafeBytes { bytes in
            let high = bytes.loadUnaligned(as: UInt64.self)
            let low = bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
            return (UInt64(bigEndian: high), UInt64(bigEndian: low))
        }
    }

    /// Reads the 36-character form, either case.
    public init?(_ text: String) {
        var text = text
        guard let read = text.withUTF8({ RecordID.read($0) }) else { return nil }
        self = read
    }

    private static func read(_ text: UnsafeBufferPointer<UInt8>) -> RecordID? {
        guard text.count == 36 else { return nil }
        var halves: (UInt64, UInt64) = (0, 0)
        for (place, character) in text.enumerated() {
            if place == 8 || place == 13 || place == 18 || place == 23 {
                guard character == UInt8(ascii: "-") else { return nil }
                continue
            }
            let digit: UInt8
            switch character {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = character - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = character - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = character - UInt8(ascii: "A") + 10
            default: return nil
            }
            // The first sixteen digits end before the third dash.
            if place < 18 { halves.0 = halves.0 << 4 | UInt64(digit) } else { halves.1 = halves.1 << 4 | UInt64(digit) }
        }
        return RecordID(high: halves.0, low: halves.1)
    }

    /// The id that follows from `parent` and `name` (RFC 9562 §5.8).
    static func derived(from parent: RecordID, name: [UInt8]) -> RecordID {
        var hasher = SHA256Hasher()
        hasher.update(parent.bytes)
        hasher.update(name)
        let digest = hasher.finish().bytes
        let high = digest[..<8].reduce(0) { $0 << 8 | UInt64($1) } & ~0xF000 | 0x8000
        let low = digest[8..<16].reduce(0) { $0 << 8 | UInt64($1) } & ~(0xC000 << 48) | (0x8000 << 48)
        return RecordID(high: high, low: low)
    }

    /// The 16 bytes.
    public var bytes: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 16) { bytes, count in
            for place in 0..<8 {
                bytes[place] = UInt8(truncatingIfNeeded: high >> (56 - 8 * place))
                bytes[8 + place] = UInt8(truncatingIfNeeded: low >> (56 - 8 * place))
            }
            count = 16
        }
    }

    /// `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`, lower case.
    public var description: String { String(decoding: ascii, as: UTF8.self) }

    /// The 36 characters as bytes.
    var ascii: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 36) { text, count in
            for digit in 0..<32 {
                let half = digit < 16 ? high >> (60 - 4 * digit) : low >> (124 - 4 * digit)
                let value = UInt8(half & 15)
                // A dash before the 8th, 12th, 16th and 20th digit.
                if digit == 8 || digit == 12 || digit == 16 || digit == 20 {
                    text[count] = UInt8(ascii: "-")
                    count += 1
                }
                text[count] = value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
                count += 1
            }
        }
    }
}
