/// Numbers as ZIP writes them: least significant byte first.
extension [UInt8] {
    mutating func append(le16 value: Int) { appendBytes(UInt64(value), 2) }
    mutating func append(le32 value: UInt32) { appendBytes(UInt64(value), 4) }
    mutating func append(le64 value: Int64) { appendBytes(UInt64(bitPattern: value), 8) }

    private mutating func appendBytes(_ value: UInt64, _ count: Int) {
        for index in 0..<count { append(UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))) }
    }
}

extension RandomAccessCollection where Element == UInt8, Index == Int {
    /// The number at `place` from the start; the caller has looked that it is there.
    private func le(_ place: Int, _ count: Int) -> UInt64 {
        (0..<count).reduce(0) { $0 | UInt64(self[startIndex + place + $1]) << (8 * UInt64($1)) }
    }

    func le16(_ place: Int) -> Int { Int(le(place, 2)) }
    func le32(_ place: Int) -> UInt32 { UInt32(le(place, 4)) }
    /// nil where it is more than any file has.
    func le64(_ place: Int) -> Int64? { Int64(exactly: le(place, 8)) }
}
