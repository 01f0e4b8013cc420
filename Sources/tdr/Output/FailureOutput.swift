import Glibc
import Streams
import TDRCore

/// Writes the failure report to stdout or, whole or not at all, to a file.
struct FailureOutput {
    let report: FailureReport
    let form: ReportForm
    let context: CommandContext

    func write(to file: BytePath?) throws {
        guard let file else {
            if form == .xlsx, context.outputIsTerminal {
                throw ReportError(description: "a workbook is nothing for a terminal; name a file with --output")
            }
            return try write { context.output.write(Array($0)) }
        }
        do {
            // Nothing there is as it should be.
            if let status = try? FileStatus.following(file), status.kind != .regular {
                throw ReportError(
                    description: "cannot write the report to '\(file.display)': it is there and is no file")
            }
            let writer = try DurableWriter(to: file)
            try write { try writer.write($0) }
            try writer.commit()
        } catch let fault as SystemFault {
            throw ReportError(description: "cannot write the report to '\(file.display)': \(fault.reason)")
        }
        context.messages.note("report: \(file.display)")
    }

    private func write(_ sink: @escaping (UnsafeRawBufferPointer) throws -> Void) throws {
        try report.write(form, at: context.clock(), scratch: CommandContext.temporaryFolder, to: sink)
    }
}

private struct ReportError: Error, CustomStringConvertible {
    let description: String
}
