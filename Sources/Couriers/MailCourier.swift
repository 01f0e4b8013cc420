import FoundationEssentials
import Glibc
import Streams

/// Sends letters as mail through a relay that takes them without a password and without TLS, as the one on this machine
/// does (RFC 5321). It is not for relays across a network: nothing of the mail is hidden on the way.
package struct MailCourier: Courier {
    package let kind = "smtp"
    private let host: String
    private let port: String
    private let sender: String
    private let receivers: [String]
    private let timeoutSeconds: Int

    /// - Parameter relay: `host` or `host:port`.
    package init(relay: String, sender: String, receivers: [String], timeoutSeconds: Int = 20) throws(CourierFault) {
        let parts = relay.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count <= 2, !parts[0].isEmpty, parts.count == 1 || UInt16(parts[1]) != nil else {
            throw CourierFault("the mail relay is not host:port")
        }
        host = parts[0]
        port = parts.count == 2 ? parts[1] : "25"
        guard !receivers.isEmpty else { throw CourierFault("the mail has no receiver") }
        for address in [sender] + receivers where !MailCourier.isAddress(address) {
            throw CourierFault("'\(displayName(of: Array(address.utf8)))' is no mail address")
        }
        self.sender = sender
        self.receivers = receivers
        self.timeoutSeconds = timeoutSeconds
    }

    /// One that can stand in a command and a header without changing either.
    static func isAddress(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        return parts.count == 2 && parts.allSatisfy { !$0.isEmpty }
            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !#"<>()[]\,;:""#.utf8.contains($0) }
    }

    package func deliver(_ letter: Letter) async throws {
        try await withBlockingThreads(1) { _ in
            let talk = try connect()
            try talk.expect("220", to: nil)
            try talk.expect("250", to: "EHLO localhost")
            try talk.expect("250", to: "MAIL FROM:<\(sender)>")
            for receiver in receivers { try talk.expect("25", to: "RCPT TO:<\(receiver)>") }
            try talk.expect("354", to: "DATA")
            try talk.send(message(letter) + "\r\n.\r\n")
            try talk.expect("250", to: nil)
            // It is theirs now, whatever they say to that.
            try? talk.send("QUIT\r\n")
        }
    }

    /// The mail. Its text is Base64, so that no line begins with a dot, is too long or has a byte beyond ASCII.
    private func message(_ letter: Letter) -> String {
        let text = Data(Array((letter.subject + "\n\n").utf8) + letter.body + [UInt8(ascii: "\n")])
        var lines = Array(text.base64EncodedString().utf8)[...]
        var encoded: [String] = []
        while !lines.isEmpty {
            encoded.append(String(decoding: lines.prefix(76), as: UTF8.self))
            lines = lines.dropFirst(76)
        }
        let subject = letter.subject.filter { $0.isASCII && !$0.isNewline }
        return [
            "From: <\(sender)>", "To: \(receivers.map { "<\($0)>" }.joined(separator: ", "))", "Subject: \(subject)",
            "Message-ID: <\(letter.id)@tdr.invalid>", "X-TDR-Notice-Id: \(letter.id)", "X-TDR-Event: \(letter.event)",
            "Auto-Submitted: auto-generated", "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8",
            "Content-Transfer-Encoding: base64", "",
        ].joined(separator: "\r\n") + "\r\n" + encoded.joined(separator: "\r\n")
    }

    private func connect() throws -> Conversation {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, port, &hints, &list) == 0 else {
            throw CourierFault("the mail relay '\(host)' has no address")
        }
        defer { freeaddrinfo(list) }
        var reason = "nobody listens"
        var next = list
        while let entry = next?.pointee {
            next = entry.ai_next
            let descriptor = socket(
                entry.ai_family, entry.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), entry.ai_protocol)
            if descriptor < 0 { continue }
            // The time limit of sending is that of connecting, too (socket(7)).
            var limit = timeval(tv_sec: timeoutSeconds, tv_usec: 0)
            let size = socklen_t(MemoryLayout<timeval>.size)
            setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
            setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
            if Glibc.connect(descriptor, entry.ai_addr, entry.ai_addrlen) == 0 {
                return Conversation(OpenFile(adopting: descriptor, path: BytePath(host)))
            }
            reason = String(cString: strerror(errno))
            close(descriptor)
        }
        throw CourierFault("the mail relay '\(host)' cannot be reached: \(reason)")
    }
}

/// Commands and replies on one connection.
private final class Conversation {
    /// A reply of several lines is longer than any relay's, and no more is read.
    private static let longestReply = 16 << 10
    private let socket: OpenFile
    private var received: [UInt8] = []

    init(_ socket: consuming OpenFile) { self.socket = socket }

    func send(_ text: String) throws {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes {
                Glibc.send(socket.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count > 0 {
                bytes = bytes.dropFirst(count)
            } else if errno != EINTR {
                throw CourierFault("the mail relay went away: \(String(cString: strerror(errno)))")
            }
        }
    }

    /// Sends a command, when there is one, and reads the reply, which must begin with this code.
    func expect(_ code: String, to command: String?) throws {
        if let command { try send(command + "\r\n") }
        var total = 0
        while true {
            let line = try readLine()
            total += line.count
            let text = String(decoding: line, as: UTF8.self)
            if line.count > 3, line[3] == UInt8(ascii: "-"), total < Conversation.longestReply { continue }
            guard text.hasPrefix(code) else {
                throw CourierFault("the mail relay said '\(displayName(of: Array(line.prefix(200))))'")
            }
            return
        }
    }

    private func readLine() throws -> [UInt8] {
        while true {
            if let end = received.firstIndex(of: UInt8(ascii: "\n")) {
                let line = received[..<end].filter { $0 != UInt8(ascii: "\r") }
                received.removeSubrange(...end)
                return line
            }
            guard received.count < Conversation.longestReply else {
                throw CourierFault("the mail relay talks too much")
            }
            let buffer = Buffer(count: 4096)
            let count = recv(socket.descriptor, buffer.bytes.baseAddress, buffer.bytes.count, 0)
            if count > 0 {
                received += buffer.prefix(count)
            } else if count == 0 || errno != EINTR {
                throw CourierFault("the mail relay gave no answer")
            }
        }
    }
}
