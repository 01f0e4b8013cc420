import Glibc
package import Streams

/// Adds letters to a file, a line of JSON each, durable before it returns.
package struct FileCourier: Courier {
    package let kind = "file"
    private let path: BytePath

    package init(path: BytePath) { self.path = path }

    package func deliver(_ letter: Letter) async throws {
        do {
            let file = try OpenFile.open(path, flags: O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, mode: 0o640)
            // A regular file is locked and looked at; a FIFO or a terminal takes the line as it is.
            let isFile = try file.status().kind == .regular
            if isFile { while flock(file.descriptor, LOCK_EX) != 0, errno == EINTR {} }
            var line = letter.body.filter { $0 != UInt8(ascii: "\n") } + [UInt8(ascii: "\n")]
            let size = try file.status().size
            if isFile, size > 0 {
                // A line that was cut off by a full disk or a kill does not spoil ours.
                var last: UInt8 = 0
                _ = try withUnsafeMutableBytes(of: &last) { try file.read(into: $0, at: size - 1) }
                if last != UInt8(ascii: "\n") { line = [UInt8(ascii: "\n")] + line }
            }
            try file.write(line)
            if isFile { try file.sync() }
        } catch let fault as SystemFault {
            throw CourierFault("the file '\(path.display)' takes no notice: \(fault.reason)")
        }
    }
}
