public import FoundationEssentials

/// A moment: milliseconds since 1970 UTC. That is how the database holds every time of the transfer itself.
public struct Timestamp: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    public let milliseconds: Int64

    /// The moment `milliseconds` after the start of 1970, UTC.
    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// The moment of a `Date`, cut to milliseconds.
    public init(_ date: Date) { milliseconds = Int64((date.timeIntervalSince1970 * 1000).rounded(.down)) }

    /// Reads `2021-02-03T10:33:30Z`, with or without a fraction.
    public init?(_ text: String) {
        let plain = Date.ISO8601FormatStyle()
        let fraction = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        guard let date = (try? plain.parse(text)) ?? (try? fraction.parse(text)) else {
            return nil  // not a moment: that is what the caller asked
        }
        self.init(date)
    }

    /// The moment from nanoseconds, as file systems keep it; rounds towards the past.
    public init(nanoseconds: Int64) {
        milliseconds = nanoseconds >= 0 ? nanoseconds / 1_000_000 : -((-(nanoseconds + 1)) / 1_000_000) - 1
    }

    /// Whole seconds since 1970, rounded towards the past.
    public var seconds: Int64 { milliseconds >= 0 ? milliseconds / 1000 : -((-(milliseconds + 1)) / 1000) - 1 }

    /// The parts of the moment in UTC.
    private var parts: (year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int) {
        let days = seconds >= 0 ? seconds / 86400 : -((-(seconds + 1)) / 86400) - 1
        let rest = Int(seconds - days * 86400)
        let (year, month, day) = civil(days: days)
        return (year, month, day, rest / 3600, rest / 60 % 60, rest % 60)
    }

    /// The UTC year.
    public var year: Int { parts.year }

    /// `2021-02-03`.
    public var date: String {
        let p = parts
        return "\(padded(p.year, 4))-\(padded(p.month, 2))-\(padded(p.day, 2))"
    }

    /// `2021-02-03T10:33:30`, UTC, without a zone: as the CSV files of the bag have it.
    public var local: String {
        let p = parts
        if (0...9999).contains(p.year) {
            return String(unsafeUninitializedCapacity: 19) { text in
                var at = 0
                func put(_ number: Int, _ width: Int, _ before: Unicode.Scalar?) {
                    if let before {
                        text[at] = UInt8(ascii: before)
                        at += 1
                    }
                    var rest = number
                    for place in (at..<at + width).reversed() {
                        text[place] = UInt8(ascii: "0") + UInt8(rest % 10)
                        rest /= 10
                    }
                    at += width
                }
                put(p.year, 4, nil)
                put(p.month, 2, "-")
                put(p.day, 2, "-")
                put(p.hour, 2, "T")
                put(p.minute, 2, ":")
                put(p.second, 2, ":")
                return at
            }
        }
        return "\(date)T\(padded(p.hour, 2)):\(padded(p.minute, 2)):\(padded(p.second, 2))"
    }

    /// `2021-02-03T10:33:30Z`.
    public var description: String { local + "Z" }

    /// By time.
    public static func < (a: Timestamp, b: Timestamp) -> Bool { a.milliseconds < b.milliseconds }
}

private func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(abs(number))
    return (number < 0 ? "-" : "") + String(repeating: "0", count: max(0, width - digits.count)) + digits
}

/// The date that is `days` after 1970-01-01 in the proleptic Gregorian calendar. Years are counted from March so that
/// a leap day ends its year; 400 years have 146,097 days.
private func civil(days: Int64) -> (Int, Int, Int) {
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let marchMonth = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
    let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return (Int(year), Int(month), Int(day))
}
