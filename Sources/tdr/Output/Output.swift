import FoundationEssentials
import Glibc
import Streams
import TDRCore

/// stdout: the answer and nothing else, in large writes.
final class Output: Sendable {
    private struct State {
        var buffer: [UInt8] = []
        /// Nobody reads any more.
        var isUnread = false
    }

    private let state = Guarded(State())
    private let endsUnread: Bool

    /// - Parameter endsUnread: Whether the program ends when nobody reads its answer any more (`| head`), because making
    ///   the answer is all that it does. Otherwise it goes on without a word, and its exit code stays true.
    init(endsUnread: Bool) { self.endsUnread = endsUnread }

    func line(_ text: String) { write(Array(text.utf8) + [UInt8(ascii: "\n")]) }

    func write(_ bytes: [UInt8]) {
        state.withLock { state in
            state.buffer += bytes
            if state.buffer.count >= 1 << 16 { drain(&state) }
        }
    }

    /// One JSON document, or one line of JSON Lines.
    func json(_ value: some Encodable) throws { write(try JSON.encode(value) + [UInt8(ascii: "\n")]) }

    func flush() { state.withLock { drain(&$0) } }

    /// A closed pipe or a full disk ends the output quietly or with an error, never in a loop.
    private func drain(_ state: inout State) {
        var done = 0
        while done < state.buffer.count, !state.isUnread {
            let count = state.buffer.withUnsafeBytes {
                Glibc.write(1, $0.baseAddress.map { $0 + done }, $0.count - done)
            }
            if count >= 0 {
                done += count
            } else if errno == EPIPE {
                if endsUnread { exit(0) }
                state.isUnread = true
            } else if errno != EINTR {
                let reason = String(cString: strerror(errno))
                Messages.write("tdr: cannot write the answer to stdout: \(reason)\n")
                exit(1)
            }
        }
        state.buffer.removeAll(keepingCapacity: true)
    }
}

/// stderr: what is worth saying beside the answer.
struct Messages: Sendable {
    let quiet: Bool
    let json: Bool

    /// Said unless `--quiet`.
    func note(_ text: String) { if !quiet { Messages.write("tdr: \(text)\n") } }

    /// Said always: the answer rests on something else than was to be expected.
    func warning(_ text: String) { Messages.write("tdr: warning: \(text)\n") }

    /// Said always.
    func error(_ text: String, code: Int32) {
        if json, let line = try? JSON.encode(ErrorOutput(error: text, exitCode: Int(code))) {  // else as plain text
            Messages.write(String(decoding: line, as: UTF8.self) + "\n")
        } else {
            Messages.write("tdr: \(text)\n")
        }
    }

    static func write(_ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(2, $0.baseAddress, $0.count) }
            if count > 0 { bytes = bytes.dropFirst(count) } else if errno != EINTR { return }
        }
    }

    private struct ErrorOutput: Encodable {
        let error: String
        let exitCode: Int
    }
}

/// JSON as all commands write it: keys sorted, slashes as they are, nothing raw that steers a terminal.
enum JSON {
    static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return withoutSteering(Array(try encoder.encode(value)))
    }

    /// The encoder escapes the control characters of ASCII alone. In JSON whatever else is not ASCII stands in a
    /// string, where `\uXXXX` says the same.
    private static func withoutSteering(_ json: [UInt8]) -> [UInt8] {
        guard json.contains(where: { $0 >= 0x7F }) else { return json }
        var out: [UInt8] = []
        out.reserveCapacity(json.count)
        for scalar in String(decoding: json, as: UTF8.self).unicodeScalars {
            guard scalar.value >= 0x7F, isSteering(scalar) else {
                out += Array(UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
                continue
            }
            for unit in Character(scalar).utf16 {
                out += Array("\\u".utf8) + Hex.encodedBytes([UInt8(unit >> 8), UInt8(unit & 0xFF)])
            }
        }
        return out
    }
}
