import BagIt
import Foundation
import Streams
import Testing

/// The Library of Congress suite, packed beside the package; the tests are skipped where it is not.
private let suite: String? = {
    var folder = URL(fileURLWithPath: #filePath)
    for _ in 0..<3 { folder.deleteLastPathComponent() }
    for up in ["..", "../.."] {
        let path = folder.appending(path: up).appending(path: "shared/corpora/bagit-conformance-suite.tar.gz").path
        if FileManager.default.fileExists(atPath: path) { return path }
    }
    return nil
}()

@Suite(.enabled(if: suite != nil, "the conformance suite is not beside the package"))
struct ConformanceTests {
    /// Bags that lack a file on a system that tells names apart by case and Unicode form.
    private static let traps: Set<String> = [
        "duplicate-file-with-different-case", "special-system-files",
        "same-filename-listed-twice-with-different-normalization",
    ]

    @Test("every bag of the suite gets the verdict its folder names")
    func verdicts() async throws {
        let folder = try TemporaryFolder()
        #expect(try run("tar", "-C", folder.path, "-xzf", try unwrap(suite)).status == 0)
        let root = folder.path + "/bagit-conformance-suite"
        var judged: [String: Int] = [:]
        for version in try FileManager.default.contentsOfDirectory(atPath: root).sorted() where version.hasPrefix("v") {
            for label in try FileManager.default.contentsOfDirectory(atPath: "\(root)/\(version)").sorted() {
                for bag in try FileManager.default.contentsOfDirectory(atPath: "\(root)/\(version)/\(label)").sorted() {
                    let path = BytePath("\(root)/\(version)/\(label)/\(bag)")
                    let report = try await BagValidator().validate(try BagFolder(path))
                    let comment = Comment(rawValue: "\(version)/\(label)/\(bag): \(report.problems.map(\.message))")
                    judge(report, label, bag, comment)
                    judged[label, default: 0] += 1
                }
            }
        }
        #expect(judged == ["valid": 27, "invalid": 15, "linux-only": 6, "windows-only": 6, "warning": 6])
    }

    private func judge(_ report: BagReport, _ label: String, _ bag: String, _ comment: Comment) {
        switch label {
        case "valid": #expect(report.verdict == .valid, comment)
        case "invalid": #expect(report.verdict >= .incomplete, comment)
        case "linux-only", "windows-only":
            #expect(report.verdict == .invalid, comment)
            #expect(report.errorRules.contains("V7"), comment)
        case "warning" where ConformanceTests.traps.contains(bag):
            #expect(report.verdict == .incomplete, comment)
            #expect(report.warningCount > 0, comment)
        case "warning":
            #expect(report.verdict == .valid, comment)
            #expect(report.warningCount > 0, comment)
        default: Issue.record("an unknown folder of the suite: \(label)")
        }
    }
}
