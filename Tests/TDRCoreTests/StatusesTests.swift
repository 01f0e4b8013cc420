import Testing

@testable import TDRCore

@Suite struct StatusRulesTests {
    private static let mayBeginCompleted: Set<ConsignmentStatusType> = [.series, .confirmTransfer, .transferAgreement]
    private static let mayBeginAgain: Set<ConsignmentStatusType> = [
        .serverAntivirus, .serverChecksum, .serverFFID, .serverRedaction, .clientChecks, .export, .draftMetadata,
        .draftMetadataUpload, .metadataReview,
    ]

    /// What may follow what, the same for every step: rows are the old values, `nil` means not begun.
    private static let table: [(from: ConsignmentStatusValue?, to: ConsignmentStatusValue, allowed: String)] = [
        (nil, .inProgress, "yes"), (nil, .completed, "acts of a moment"), (nil, .completedWithIssues, "no"),
        (nil, .failed, "no"),
        (.inProgress, .inProgress, "yes"), (.inProgress, .completed, "yes"),
        (.inProgress, .completedWithIssues, "yes"), (.inProgress, .failed, "yes"),
        (.completed, .inProgress, "what can be repeated"), (.completed, .completed, "yes"),
        (.completed, .completedWithIssues, "no"), (.completed, .failed, "no"),
        (.completedWithIssues, .inProgress, "yes"), (.completedWithIssues, .completed, "no"),
        (.completedWithIssues, .completedWithIssues, "yes"), (.completedWithIssues, .failed, "no"),
        (.failed, .inProgress, "yes"), (.failed, .completed, "no"), (.failed, .completedWithIssues, "no"),
        (.failed, .failed, "yes"),
    ]

    @Test("allows exactly the moves of the table", arguments: ConsignmentStatusType.allCases)
    func moves(_ type: ConsignmentStatusType) {
        #expect(StatusRulesTests.table.count == 5 * ConsignmentStatusValue.allCases.count)
        for move in StatusRulesTests.table {
            let expected =
                switch move.allowed {
                case "yes": true
                case "acts of a moment": StatusRulesTests.mayBeginCompleted.contains(type)
                case "what can be repeated": StatusRulesTests.mayBeginAgain.contains(type)
                default: false
                }
            #expect(
                StatusRules.allows(type, from: move.from, to: move.to) == expected,
                "\(type) from \(move.from?.rawValue ?? "nothing") to \(move.to)")
        }
    }

    @Test(
        "sums up the files of a check",
        arguments: [
            ([:], .completed),
            ([.success: 3], .completed),
            ([.success: 3, nil: 1], .failed),
            ([nil: 1], .failed),
            ([.success: 3, .failed: 1], .failed),
            ([.success: 3, .virusDetected: 1], .completedWithIssues),
            ([.virusDetected: 1, .failed: 1], .failed),
            ([.success: 3, .mismatch: 1], .completedWithIssues),
            ([.zeroByteFile: 1], .completedWithIssues),
            ([.success: 1, .unidentified: 2, .zip: 1], .completedWithIssues),
            ([.success: 3, .failed: 0, nil: 0, .virusDetected: 0], .completed),
        ] as [([FileStatusValue?: Int], ConsignmentStatusValue)])
    func rollUp(_ counts: [FileStatusValue?: Int], _ expected: ConsignmentStatusValue) {
        for check in CheckKind.allCases { #expect(StatusRules.rollUp(check, counts: counts) == expected) }
    }

    @Test(
        "sums up the client's checks of a file",
        arguments: [
            ([.clientChecksum: .success, .clientFilePath: .success, .ffid: .success], .completed),
            ([.clientChecksum: .success, .clientFilePath: .success, .ffid: .unidentified], .completed),
            ([.clientChecksum: .success, .clientFilePath: .success, .ffid: .zeroByteFile], .completedWithIssues),
            ([.clientChecksum: .success, .clientFilePath: .success, .ffid: .multipleFormats], .completedWithIssues),
            ([.clientChecksum: .failed, .clientFilePath: .success, .ffid: .success], .completedWithIssues),
            ([.clientFilePath: .success, .ffid: .success], .completedWithIssues),
            ([.clientChecksum: .success, .ffid: .success], .completedWithIssues),
            (
                [.clientChecksum: .success, .clientFilePath: .success, .redaction: .noOriginalFile],
                .completedWithIssues
            ),
            ([.clientChecksum: .success, .clientFilePath: .success, .redaction: .success], .completed),
        ] as [([FileStatusType: FileStatusValue], FileStatusValue)])
    func clientChecks(_ values: [FileStatusType: FileStatusValue], _ expected: FileStatusValue) {
        #expect(FileStatuses(values).clientChecks == expected)
    }

    @Test("lists the statuses that need somebody to act")
    func problems() {
        let statuses = FileStatuses([
            .upload: .success, .antivirus: .virusDetected, .ffid: .zip, .checksumMatch: .success,
        ])
        #expect(statuses.problems.map { $0.value } == [.virusDetected, .zip])
        #expect(FileStatuses().problems.isEmpty)
    }

    @Test("lets nobody allow what is infected, altered or could not be checked")
    func overrides() {
        let never: Set<FileStatusValue> = [.success, .completed, .failed, .mismatch, .virusDetected]
        for value in FileStatusValue.allCases { #expect(value.mayBeAllowed == !never.contains(value)) }
    }

    @Test("knows what a check still lacks")
    func lacking() {
        #expect(FileStatuses().lacks(.antivirus))
        #expect(FileStatuses([.antivirus: .failed]).lacks(.antivirus))
        #expect(!FileStatuses([.antivirus: .virusDetected]).lacks(.antivirus))
        #expect(FileStatuses([.serverChecksum: .success]).lacks(.checksum))
        #expect(!FileStatuses([.serverChecksum: .success, .checksumMatch: .mismatch]).lacks(.checksum))
        #expect(!FileStatuses([.ffid: .zip]).lacks(.format))
    }

    @Test("has something to say about every status that is not good")
    func advice() {
        for type in FileStatusType.allCases {
            for value in FileStatusValue.allCases where !value.isGood {
                #expect(!ProblemAdvice.text(type, value).isEmpty)
            }
        }
    }
}
