/// Base 25 as the original writes references: most significant digit first, no padding, no vowels, no look-alikes.
struct Base25: Sendable {
    private let alphabet: [Character]
    private let values: [Character: UInt64]

    private init(_ alphabet: String) {
        self.alphabet = Array(alphabet)
        values = Dictionary(uniqueKeysWithValues: zip(alphabet, 0...))
    }

    /// The alphabet of consignment references (GCRb25).
    static let consignment = Base25("BCDFGHJKLMNPQRSTVWX234567")

    /// The alphabet of file references (CTDb25).
    static let file = Base25("23456789BCDFGHJKLMNPRSTVW")

    func encode(_ number: UInt64) -> String {
        var rest = number
        var digits: [Character] = []
        repeat {
            digits.append(alphabet[Int(rest % 25)])
            rest /= 25
        } while rest > 0
        return String(digits.reversed())
    }

    /// The number, or nil for an empty text, a character outside the alphabet, or a number above 2^64 - 1.
    func decode(_ text: some StringProtocol) -> UInt64? {
        guard !text.isEmpty else { return nil }
        var number: UInt64 = 0
        for character in text {
            guard let digit = values[character] else { return nil }
            let (product, tooLarge) = number.multipliedReportingOverflow(by: 25)
            let (sum, overflow) = product.addingReportingOverflow(digit)
            if tooLarge || overflow { return nil }
            number = sum
        }
        return number
    }
}

/// The name of a consignment for people and systems: `TDR-{year}-{base 25 of its number}`, as in `TDR-2021-C73`.
///
/// The number comes from a counter that never goes back; the year is the UTC year in which the consignment was made.
/// References sort by number, not as text: the digits 2 to 7 are the largest values but come first in ASCII.
public struct ConsignmentReference: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The UTC year of creation.
    public let year: Int
    /// The place in the sequence of all consignments of the store, from 1.
    public let sequence: UInt64

    /// The reference of the consignment with this number.
    public init(year: Int, sequence: UInt64) {
        self.year = year
        self.sequence = sequence
    }

    /// Reads a reference; nil unless it has the form `TDR-{4 digits}-{GCRb25}`.
    public init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "TDR", parts[1].utf8.count == 4,
            parts[1].utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let year = Int(parts[1]), let sequence = Base25.consignment.decode(parts[2]),
            // A leading zero digit would be a second spelling of the same number.
            Base25.consignment.encode(sequence) == parts[2]
        else { return nil }
        self.init(year: year, sequence: sequence)
    }

    /// `TDR-{year}-{base 25}`.
    public var description: String {
        let digits = String(year)
        return "TDR-\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits)-"
            + Base25.consignment.encode(sequence)
    }

    /// By number: the order in which they were made.
    public static func < (a: Self, b: Self) -> Bool { (a.sequence, a.year) < (b.sequence, b.year) }
}

/// The catalogue's name of one file or folder: `Z` and the base 25 of its number, as in `Z6V`.
public struct FileReference: Hashable, Sendable, CustomStringConvertible {
    /// The place in the sequence of all files and folders of the store, from 1.
    public let number: UInt64

    /// The reference of the file with this number.
    public init(number: UInt64) { self.number = number }

    /// Reads a reference; nil unless it is `Z` and CTDb25 digits.
    public init?(_ text: String) {
        guard text.hasPrefix("Z"), let number = Base25.file.decode(text.dropFirst()),
            // A leading zero digit would be a second spelling of the same number.
            Base25.file.encode(number) == text.dropFirst()
        else { return nil }
        self.number = number
    }

    /// `Z` and the base 25 of the number.
    public var description: String { "Z" + Base25.file.encode(number) }
}
