import Streams
import TDRCore

/// Which files the results show.
enum ResultFilter: Equatable {
    case all
    case failed
    case finding(FileStatusType, FileStatusValue)

    /// From an address; what is none, or is missing, shows what needs attention, and all files where nothing does.
    init(_ text: String?, _ report: ConsignmentReport) {
        let parts = (text ?? "").split(separator: ".", maxSplits: 1).map(String.init)
        if text == "all" {
            self = .all
        } else if text == "failed" {
            self = .failed
        } else if parts.count == 2, let type = FileStatusType(rawValue: parts[0]),
            let value = FileStatusValue(rawValue: parts[1]), !value.isGood
        {
            self = .finding(type, value)
        } else {
            self = report.filesWithProblems > 0 ? .failed : .all
        }
    }

    /// As it stands in an address.
    var key: String {
        switch self {
        case .all: "all"
        case .failed: "failed"
        case .finding(let type, let value): "\(type.rawValue).\(value.rawValue)"
        }
    }

    /// A page of the files behind the place `after`, and the place where the next page begins: by path for all files, in
    /// the order in which they were taken for those with findings.
    func page(
        of consignment: Consignment, after: String?, limit: Int, in store: Store
    ) throws -> (files: [FileReport], next: String?) {
        switch self {
        case .all:
            var selection = FilePageSelection()
            selection.type = .file
            let page = try store.files(
                of: consignment, selection, after: after.flatMap { Hex.decode(Array($0.utf8)) }, limit: limit)
            let last = page.hasNext ? page.items.last : nil
            return (page.items, last.map { Hex.encode($0.path.bytes) })
        case .failed: return try problems(nil, of: consignment, after, limit, in: store)
        case .finding(let type, let value):
            return try problems((type, value), of: consignment, after, limit, in: store)
        }
    }

    private func problems(
        _ finding: (type: FileStatusType, value: FileStatusValue)?, of consignment: Consignment, _ after: String?,
        _ limit: Int, in store: Store
    ) throws -> (files: [FileReport], next: String?) {
        let page = try store.problems(
            of: consignment, finding, after: after.flatMap { Int64($0) } ?? 0, limit: limit)
        return (page.files, page.last.map { "\($0)" })
    }
}
