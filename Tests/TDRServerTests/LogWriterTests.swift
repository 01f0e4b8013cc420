import Foundation
import Glibc
import Streams
import TDRTestSupport
import Testing

@testable import TDRServer

/// The log of the server.
@Suite struct LogWriterTests {
    private static func line(_ number: Int) -> [UInt8] {
        var line = LogLine()
        line.add("event", "request")
        line.add("number", "\(number)")
        line.add("path", "/a \"b\"\n\u{1}\\")
        return line.finished
    }

    /// The members of each line.
    private static func members(_ bytes: [UInt8]) throws -> [[String: String]] {
        try bytes.split(separator: UInt8(ascii: "\n")).map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line)) as? [String: String])
        }
    }

    @Test("has all lines whole, in their order, when it was flushed")
    func order() throws {
        let folder = try TemporaryFolder()
        let path = try folder.make("log", .file([]))
        let descriptor = path.withCString { open($0, O_WRONLY | O_APPEND) }
        let log = LogWriter(descriptor: descriptor)
        for round in 0..<3 {
            for number in 0..<5000 { log.write(LogWriterTests.line(round * 5000 + number)) }
            log.flush()
            let found = try LogWriterTests.members(try contents(of: path))
            #expect(found.map { $0["number"] } == (0..<(round + 1) * 5000).map { "\($0)" })
            #expect(found.allSatisfy { $0["path"] == "/a \"b\"\n\u{1}\\" })
        }
        close(descriptor)
    }

    @Test("holds nobody up when nobody takes its lines, and tells how many were lost")
    func hangingReader() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        let log = LogWriter(descriptor: ends[1], room: 100_000)
        let begun = ContinuousClock.now
        let count = 20_000
        for number in 0..<count { log.write(LogWriterTests.line(number)) }
        #expect(begun.duration(to: .now) < .seconds(30))
        // Now somebody comes and reads to the end.
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        var told = 0
        while true {
            var awaited = pollfd(fd: ends[0], events: Int16(POLLIN), revents: 0)
            try #require(poll(&awaited, 1, 30_000) == 1, "\(told) lines are told of as lost, and no more come")
            let got = read(ends[0], &buffer, buffer.count)
            try #require(got > 0)
            bytes += buffer[..<got]
            guard bytes.last == UInt8(ascii: "\n") else { continue }
            let found = try LogWriterTests.members(bytes)
            told = found.compactMap { $0["lost"].flatMap { Int($0) } }.reduce(0, +)
            if found.filter({ $0["number"] != nil }).count + told == count { break }
        }
        #expect(told > 0)
        log.write(LogWriterTests.line(count))
        log.flush()
        let got = read(ends[0], &buffer, buffer.count)
        #expect(try LogWriterTests.members(Array(buffer[..<max(0, got)])).map { $0["number"] } == ["\(count)"])
        for end in ends { close(end) }
    }

    @Test("tells of the lines for which there was no room on the disk, as soon as there is")
    func fullDisk() throws {
        let folder = try TemporaryFolder()
        let path = try folder.make("log", .file([]))
        let descriptor = open("/dev/full", O_WRONLY)
        try #require(descriptor >= 0)
        let log = LogWriter(descriptor: descriptor)
        for number in 0..<10 { log.write(LogWriterTests.line(number)) }
        log.flush()
        let file = path.withCString { open($0, O_WRONLY | O_APPEND) }
        try #require(dup2(file, descriptor) == descriptor)
        log.write(LogWriterTests.line(10))
        log.flush()
        let found = try LogWriterTests.members(try contents(of: path))
        #expect(found.compactMap { $0["number"] } == ["10"])
        #expect(found.compactMap { $0["lost"] } == ["10"])
        for one in [descriptor, file] { close(one) }
    }
}
