import Glibc
import Streams
import TDRCore

/// Shows how far a command is, on stderr, when that is a terminal.
struct ProgressLine {
    private let meter: ProgressMeter
    private let visible: Bool

    /// Whether anybody sees it.
    var isVisible: Bool { visible }

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
            let line = line(progress, after: clock.now - start)
            Messages.write(
                "\r\u{1B}[K" + ProgressLine.fitted(line, at: progress.atWork.first, in: ProgressLine.columns))
        }
        Messages.write("\r\u{1B}[K")
    }

    /// The line with the file that has been at work longest, cut to the terminal: a line that wraps cannot be wiped.
    static func fitted(_ line: String, at path: RelativePath?, in columns: Int) -> String {
        let room = max(20, columns - 1)
        let line = String(line.prefix(room))
        guard let path else { return line }
        let left = room - line.count - 2
        let name = path.display
        // The end of a path says more than its beginning. Half a name of a few letters says nothing.
        if width(name) <= left { return line + "  " + name }
        if left < 12 { return line }
        var tail = Substring(name)
        while width(tail) > left - 1 { tail = tail.dropFirst() }
        return line + "  …" + tail
    }

    /// Columns of a terminal that a text takes at most: what is not Latin, Greek or Cyrillic may take two.
    private static func width(_ text: some StringProtocol) -> Int {
        text.reduce(0) { $0 + ($1.unicodeScalars.allSatisfy { $0.value < 0x1100 } ? 1 : 2) }
    }

    /// The width of the terminal; 80 where it does not say.
    private static var columns: Int {
        var size = winsize()
        guard ioctl(2, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
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
        guard let done = progress.share else { return parts.joined(separator: ", ") }
        parts.append("\(Int(done * 100)) %")
        if seconds > 1, done > 0 {
            parts.append("\(Text.size(Int64(Double(progress.bytes) / seconds)))/s")
            parts.append("\(duration((1 - done) / done * seconds)) left")
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
