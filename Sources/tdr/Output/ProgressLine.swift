import Glibc
import TDRCore

/// Shows how far a command is, on stderr, when that is a terminal.
struct ProgressLine {
    private let meter: ProgressMeter
    private let visible: Bool

    init(_ meter: ProgressMeter, _ context: CommandContext) {
        self.meter = meter
        visible = !context.quiet && !context.json && isatty(2) == 1
    }

    /// Does `work` with the line beside it; the line is gone when this returns.
    func during<Result: Sendable>(_ work: @Sendable () async throws -> Result) async throws -> Result {
        guard visible else { return try await work() }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await show() }
            defer { meter.finish() }
            let result: Result
            do {
                result = try await work()
            } catch {
                meter.finish()
                await group.waitForAllQuietly()
                throw error
            }
            meter.finish()
            await group.waitForAllQuietly()
            return result
        }
    }

    private func show() async {
        let clock = ContinuousClock()
        var start = clock.now
        var activity = ""
        var last = clock.now - .seconds(1)
        for await progress in meter.events {
            if progress.activity != activity {
                activity = progress.activity
                start = clock.now
            }
            guard clock.now - last >= .milliseconds(100) else { continue }
            last = clock.now
            Messages.write("\r\u{1B}[K" + line(progress, after: clock.now - start))
        }
        Messages.write("\r\u{1B}[K")
    }

    private func line(_ progress: Progress, after elapsed: Duration) -> String {
        // Where nobody counted beforehand there is no share to tell.
        if progress.filesTotal == 0, progress.bytesTotal == 0 {
            return "\(progress.activity): \(Text.count(progress.files, "file")), \(Text.size(progress.bytes))"
        }
        let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
        var parts = [
            "\(progress.activity): \(Text.count(min(progress.files, progress.filesTotal))) of "
                + Text.count(progress.filesTotal, "file"),
            "\(Text.size(min(progress.bytes, progress.bytesTotal))) of \(Text.size(progress.bytesTotal))",
        ]
        // By bytes, with every file counted as a few kilobytes, so that many empty files also make progress.
        let weight = { (files: Int, bytes: Int64) in Double(bytes) + 8192 * Double(files) }
        let total = weight(progress.filesTotal, progress.bytesTotal)
        let done = min(total, weight(progress.files, progress.bytes))
        if total > 0 { parts.append("\(Int(done / total * 100)) %") }
        if seconds > 1, done > 0 {
            parts.append("\(Text.size(Int64(Double(progress.bytes) / seconds)))/s")
            parts.append("\(duration((total - done) / done * seconds)) left")
        }
        return parts.joined(separator: ", ")
    }

    private func duration(_ seconds: Double) -> String {
        let whole = Int(min(seconds.rounded(.up), 359_999))
        if whole < 60 { return "\(whole) s" }
        if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
        return "\(whole / 3600) h \(whole / 60 % 60) min"
    }
}

extension ThrowingTaskGroup where ChildTaskResult == Void, Failure == any Error {
    /// Waits for children that do not throw.
    fileprivate mutating func waitForAllQuietly() async { while await nextResult() != nil {} }
}
