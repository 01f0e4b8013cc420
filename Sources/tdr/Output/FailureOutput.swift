import Glibc
import Streams
import TDRCore

/// Writes the failure report to stdout or, whole or not at all, to a file.
struct FailureOutput {
    typealias Sink = @Sendable (UnsafeRawBufferPointer) throws -> Void

    let form: ReportForm
    let context: CommandContext

    /// - Parameter make: makes the report.
    func write(to file: BytePath?, _ make: (@escaping Sink) async throws -> Void) async throws {
        guard let file else {
            if form == .xlsx, context.outputIsTerminal {
                throw ReportError(description: "a workbook is nothing for a terminal; name a file with --output")
            }
            let output = context.output
            return try await make { output.write(Array($0)) }
        }
        do {
            // Nothing there is as it should be.
            if let status = try? FileStatus.following(file), status.kind != .regular {
                throw ReportError(
                    description: "cannot write the report to '\(file.display)': it is there and is no file")
            }
            let writer = Guarded(try DurableWriter(to: file))
            try await make { bytes in try writer.withLock { try $0.write(bytes) } }
            try writer.withLock { try $0.commit() }
        } catch let fault as SystemFault {
            throw ReportError(description: "cannot write the report to '\(file.display)': \(fault.reason)")
        }
        context.messages.note("report: \(file.display)")
    }
}

private struct ReportError: Error, CustomStringConvertible {
    let description: String
}
