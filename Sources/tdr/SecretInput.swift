import ArgumentParser
import Glibc

/// Asks for something that nobody may see: not on the screen, not in the arguments.
enum SecretInput {
    private static let longest = 4096

    /// The first line of stdin; on a terminal it is asked for, twice where a slip would lock somebody out.
    ///
    /// - Throws: `ValidationError` when nothing comes, or when two tries differ.
    static func ask(_ prompt: String, twice: Bool) throws -> String {
        guard isatty(0) == 1 else { return try line() }
        let first = try hidden(prompt)
        if twice, try hidden("Once more: ") != first { throw ValidationError("the two are not the same") }
        return first
    }

    private static func hidden(_ prompt: String) throws -> String {
        Messages.write(prompt)
        var before = termios()
        tcgetattr(0, &before)
        var silent = before
        silent.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(0, TCSAFLUSH, &silent)
        defer {
            tcsetattr(0, TCSAFLUSH, &before)
            Messages.write("\n")
        }
        return try line()
    }

    private static func line() throws -> String {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while bytes.count < longest {
            let count = read(0, &byte, 1)
            if count < 0, errno == EINTR { continue }
            if count <= 0 || byte == UInt8(ascii: "\n") { break }
            bytes.append(byte)
        }
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        guard !bytes.isEmpty, let text = String(validating: bytes, as: UTF8.self) else {
            throw ValidationError("no password came on stdin")
        }
        return text
    }
}
