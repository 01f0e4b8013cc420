import Glibc

/// Reads `multipart/form-data` (RFC 7578) as it arrives: memory does not grow with the files in it.
struct MultipartReader {
    /// What the reader meets, in order.
    enum Event {
        /// A part begins; `fileName` is there for a file, even an empty one.
        case part(name: String, fileName: String?)
        /// Bytes of the part, valid during the call.
        case bytes(UnsafeRawBufferPointer)
        /// The part has ended.
        case end
    }

    /// What is wrong with a form.
    struct Fault: Error, Equatable {
        let reason: String
    }

    private enum State { case preamble, delimiter, headers, body, over }

    /// Bytes of the headers of one part.
    private static let headerLimit = 8 << 10
    /// RFC 2046 §5.1.1.
    private static let boundaryLimit = 70

    private let delimiter: [UInt8]
    private var state = State.preamble
    private var pending: [UInt8]

    /// For a request with this `Content-Type`; nil when it is no form of this kind.
    init?(contentType: String) {
        let parameters = contentType.split(separator: ";", omittingEmptySubsequences: false)
        guard parameters[0].trimmingBlanks().lowercased() == "multipart/form-data" else { return nil }
        let boundary = parameters.dropFirst().lazy.compactMap { parameter -> String? in
            let pair = parameter.split(separator: "=", maxSplits: 1)
            guard pair.count == 2, pair[0].trimmingBlanks().lowercased() == "boundary" else { return nil }
            return pair[1].trimmingBlanks().trimmingQuotes()
        }.first
        guard let boundary, (1...MultipartReader.boundaryLimit).contains(boundary.utf8.count),
            boundary.utf8.allSatisfy({ $0 > 32 && $0 < 127 })
        else { return nil }
        delimiter = Array("\r\n--\(boundary)".utf8)
        // The first delimiter may stand at the very beginning.
        pending = [0x0D, 0x0A]
    }

    /// Takes what comes next.
    ///
    /// - Throws: ``Fault``, and what `body` throws.
    mutating func feed(_ bytes: UnsafeRawBufferPointer, _ body: (Event) throws -> Void) throws {
        pending.append(contentsOf: bytes)
        var place = 0
        while try step(&place, body) {}
        pending.removeFirst(place)
    }

    /// Says that nothing more comes.
    ///
    /// - Throws: ``Fault`` when the form is not whole.
    func finish() throws { if state != .over { throw Fault(reason: "the form breaks off") } }

    /// One step from `place`; false when more bytes are needed.
    private mutating func step(_ place: inout Int, _ body: (Event) throws -> Void) throws -> Bool {
        switch state {
        case .over:
            place = pending.count
            return false
        case .preamble, .body:
            let end = find(from: place)
            // What may be the beginning of a delimiter waits.
            let known = end ?? max(place, pending.count - delimiter.count + 1)
            if state == .body, known > place {
                try pending.withUnsafeBytes { try body(.bytes(UnsafeRawBufferPointer(rebasing: $0[place..<known]))) }
            }
            place = known
            guard end != nil else { return false }
            if state == .body { try body(.end) }
            place += delimiter.count
            state = .delimiter
            return true
        case .delimiter:
            guard pending.count - place >= 2 else { return false }
            if pending[place] == UInt8(ascii: "-"), pending[place + 1] == UInt8(ascii: "-") {
                state = .over
                return true
            }
            guard pending[place] == 0x0D, pending[place + 1] == 0x0A else {
                throw Fault(reason: "a boundary is not followed by a line break")
            }
            // The line break stays: it ends the headers when there are none.
            state = .headers
            return true
        case .headers:
            guard let end = endOfHeaders(from: place) else {
                if pending.count - place > MultipartReader.headerLimit {
                    throw Fault(reason: "the headers of a part are too long")
                }
                return false
            }
            let (name, fileName) = try MultipartReader.names(pending[place..<end])
            place = end + 4
            state = .body
            try body(.part(name: name, fileName: fileName))
            return true
        }
    }

    /// Where the next delimiter begins.
    private func find(from place: Int) -> Int? {
        pending.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return nil }
            var next = place
            while bytes.count - next >= delimiter.count {
                // It begins with a carriage return, which is rare.
                guard let found = memchr(base + next, 0x0D, bytes.count - next) else { return nil }
                next = UnsafeRawPointer(found) - base
                if bytes.count - next < delimiter.count { return nil }
                if memcmp(base + next, delimiter, delimiter.count) == 0 { return next }
                next += 1
            }
            return nil
        }
    }

    /// Where the empty line begins, with the line break before it.
    private func endOfHeaders(from place: Int) -> Int? {
        let end: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A]
        let limit = min(pending.count, place + MultipartReader.headerLimit + end.count)
        guard limit - place >= end.count else { return nil }
        return (place...limit - end.count).first { pending[$0] == 0x0D && pending[$0..<$0 + 4].elementsEqual(end) }
    }

    /// `Content-Disposition: form-data; name="…"; filename="…"`.
    private static func names(_ headers: ArraySlice<UInt8>) throws -> (name: String, fileName: String?) {
        for line in headers.split(whereSeparator: { $0 == 0x0D || $0 == 0x0A }) {
            guard let text = String(validating: line, as: UTF8.self) else { continue }
            let parts = text.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == "content-disposition" else { continue }
            let parameters = parameters(parts[1])
            guard let name = parameters["name"] else { break }
            return (name, parameters["filename"])
        }
        throw Fault(reason: "a part has no name")
    }

    /// The parameters behind the first word. Browsers write `"` in a value as `%22` (WHATWG, multipart/form-data encoding
    /// algorithm), so a value ends with the next quote.
    private static func parameters(_ text: Substring) -> [String: String] {
        var out: [String: String] = [:]
        var rest = text.drop { $0 != ";" }
        while rest.first == ";" {
            rest = rest.dropFirst().trimmingBlanks()
            guard let equals = rest.firstIndex(of: "=") else { break }
            let key = rest[..<equals].trimmingBlanks().lowercased()
            rest = rest[rest.index(after: equals)...].trimmingBlanks()
            let value: Substring
            if rest.first == "\"" {
                rest = rest.dropFirst()
                value = rest.prefix { $0 != "\"" }
                rest = rest.dropFirst(value.count + 1).drop { $0 != ";" }
            } else {
                value = rest.prefix { $0 != ";" }.trimmingBlanks()
                rest = rest.drop { $0 != ";" }
            }
            out[key] = out[key] ?? String(value).replacing("%22", with: "\"")
        }
        return out
    }
}

extension Substring {
    fileprivate func trimmingQuotes() -> String {
        guard count >= 2, first == "\"", last == "\"" else { return String(self) }
        return String(dropFirst().dropLast())
    }
}
