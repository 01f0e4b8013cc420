/// One record of libmagic's compiled database, by the places of its fields: version 18 of the form, of libmagic 5.44.
///
/// A record at level 0 begins a *group*: its own test, and what is said and tested further when that holds.
struct MagicRecord {
    static let bytes = 376
    static let version: UInt32 = 18
    static let signature: UInt32 = 0xF11E_041C

    /// Types of tests that are told apart here.
    enum Kind {
        static let byte: UInt8 = 1
        static let short: UInt8 = 2
        static let long: UInt8 = 4
        static let string: UInt8 = 5
        static let bigShort: UInt8 = 7
        static let bigLong: UInt8 = 8
        static let littleShort: UInt8 = 10
        static let littleLong: UInt8 = 11
        static let regex: UInt8 = 17
        static let search: UInt8 = 20
        static let quad: UInt8 = 24
        static let littleQuad: UInt8 = 25
        static let bigQuad: UInt8 = 26
        static let indirect: UInt8 = 41
        static let name: UInt8 = 45
        static let use: UInt8 = 46
        static let der: UInt8 = 48
        static let guid: UInt8 = 49
        static let offset: UInt8 = 50
    }

    /// Bits of ``flag``.
    enum Flag {
        /// The place of the test is computed, or counted from the end.
        static let isElsewhere: UInt8 = 0x87
        static let isUnsigned: UInt8 = 0x08
        static let binary: UInt8 = 0x20
        static let text: UInt8 = 0x40
    }

    /// Bits of ``stringFlags``.
    enum StringFlag {
        static let whitespace: UInt32 = 0x3
        static let ignoresCase: UInt32 = 0xC
    }

    private static let mimeTypePlace = 224
    private static let descriptionPlace = 160

    private let start: UnsafeRawPointer

    init(_ start: UnsafeRawPointer) { self.start = start }

    private func field<Value: BitwiseCopyable>(_ place: Int, as type: Value.Type = Value.self) -> Value {
        start.loadUnaligned(fromByteOffset: place, as: type)
    }

    var level: UInt16 { field(0) }
    var flag: UInt8 { field(2) }
    var relation: UInt8 { field(4) }
    var valueCount: Int { Int(field(5, as: UInt8.self)) }
    var kind: UInt8 { field(6) }
    var maskOperation: UInt8 { field(9) }
    var offset: Int32 { field(12) }
    var mask: UInt64 { field(24) }
    /// Of strings: how far a search goes.
    var range: UInt32 { field(24) }
    /// Of strings, in place of the upper half of ``mask``.
    var stringFlags: UInt32 { field(28) }
    var number: UInt64 { field(32) }
    /// The first four bytes of what is compared.
    var word: UInt32 { field(32) }

    /// The string to compare with, all 128 bytes of its room at most.
    var string: [UInt8] { Array(UnsafeRawBufferPointer(start: start + 32, count: min(valueCount, 128))) }

    /// The string up to its NUL: the name of a ``Kind/name`` or ``Kind/use``, a regular expression.
    var text: [UInt8] { Array(UnsafeRawBufferPointer(start: start + 32, count: 128).prefix { $0 != 0 }) }

    // MARK: What is written into records

    /// Stands in an answer that a part of the database cannot give: libmagic looked up the database again at another place,
    /// or the answer reads as if nothing had been found. Printable, for libmagic shows other characters as `\\001`.
    static let needsWhole = "{tdr}"

    /// Changes a record in memory of our own so that its answers show what a part of the database cannot know.
    static func mark(_ copy: UnsafeMutableRawBufferPointer) {
        guard let start = copy.baseAddress else { return }
        let record = MagicRecord(start)
        if record.kind == Kind.indirect {
            // Always holds, and says so.
            copy[6] = Kind.offset
            copy[4] = UInt8(ascii: "x")
            copy[2] = record.flag & ~Flag.isElsewhere
            copy[9] = 0
            copy.storeBytes(of: 0, toByteOffset: 24, as: UInt64.self)
            write(needsWhole, to: copy, at: descriptionPlace)
            write(needsWhole, to: copy, at: mimeTypePlace)
        } else {
            tell("data", in: copy, at: descriptionPlace)
            tell("application/octet-stream", in: copy, at: mimeTypePlace)
        }
    }

    private static func tell(_ text: StaticString, in copy: UnsafeMutableRawBufferPointer, at place: Int) {
        let said = UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        guard copy[place] == said[0], copy[place + said.count] == 0,
            copy[place..<place + said.count].elementsEqual(said)
        else { return }
        write(needsWhole, to: copy, at: place + said.count)
    }

    private static func write(_ text: String, to copy: UnsafeMutableRawBufferPointer, at place: Int) {
        for (index, byte) in (Array(text.utf8) + [0]).enumerated() { copy[place + index] = byte }
    }
}
